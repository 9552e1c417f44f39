namespace ImapGateway.Imap;

/// <summary>Limits how many sessions an account may have open: its budget, or fewer for a while after the mail server refused one.</summary>
public sealed class SessionBudget(int budget, TimeProvider time)
{
    /// <summary>The time for which a server's limit is believed before one more session is tried.</summary>
    private static readonly TimeSpan GrowAfter = TimeSpan.FromMinutes(5);

    private readonly int _most = budget;
    private int? _refusedAt;
    private DateTimeOffset _growAt;

    public int Limit { get; private set; } = budget;

    /// <summary>Returns whether one more session may be opened.</summary>
    public bool HasRoom(int open)
    {
        if (open >= Limit && Limit < _most && time.GetUtcNow() >= _growAt)
        {
            Limit++;
            _growAt = time.GetUtcNow() + GrowAfter;
        }
        return open < Limit;
    }

    /// <summary>Records that the server has refused one session more than these.</summary>
    public void Shrink(int open)
    {
        Limit = Math.Min(Limit, open);
        _refusedAt = Limit;
        _growAt = time.GetUtcNow() + GrowAfter;
    }

    /// <returns>True if the server has just allowed what it refused before.</returns>
    public bool Opened(int open)
    {
        var grown = open > _refusedAt;
        _refusedAt = grown ? null : _refusedAt;
        return grown;
    }
}
