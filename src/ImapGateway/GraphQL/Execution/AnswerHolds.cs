using ImapGateway.Responses;


namespace ImapGateway.GraphQL.Execution;

/// <summary>Until when an answer is known to hold: as long as the guards of all accounts it has read from show the same. One thing that nobody guards, and it has to be asked each time.</summary>
public sealed class AnswerHolds
{
    private readonly Lock _lock = new();
    private List<GuardedAt>? _guards = [];

    /// <summary>Empty: nothing was noted. Null: it is not known to hold.</summary>
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

    /// <param name="held">Null for what may be another the next time, whatever guards show.</param>
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
