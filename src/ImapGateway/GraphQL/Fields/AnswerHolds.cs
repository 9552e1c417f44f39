using ImapGateway.Responses;


namespace ImapGateway.GraphQL.Fields;

/// <summary>
/// Collects how long a response is known to be valid: as long as the guards of all accounts that it was read from show the same numbers. If one of its values has no guard, the response is never known
/// to be valid.
/// </summary>
public sealed class AnswerHolds
{
    private readonly Lock _lock = new();
    private List<GuardedAt>? _guards = [];

    /// <summary>The guards; empty: nothing was noted. Null: the response is not known to be valid.</summary>
    public IReadOnlyList<GuardedAt>? Guards
    {
        get
        {
            lock (_lock)
            {
                return _guards;
            }
        }
    }

    /// <param name="held">The guard with its number; null for a value that may be different the next time, whatever guards show.</param>
    public void Note(GuardedAt? held)
    {
        lock (_lock)
        {
            if (held is null)
            {
                _guards = null;
            }
            else if (_guards?.Contains(held) == false)
            {
                _guards.Add(held);
            }
        }
    }
}
