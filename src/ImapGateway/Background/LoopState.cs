namespace ImapGateway.Background;

/// <summary>The state of the loops of one name. May be used by many threads.</summary>
internal sealed class LoopState
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _logged = [];
    private int _failing;
    private string _kind = "";
    private DateTimeOffset _since;

    public int FailingCount
    {
        get
        {
            lock (_lock)
            {
                return _failing;
            }
        }
    }

    /// <param name="isFirst">True if the loop worked until now.</param>
    /// <returns>True if this kind of failure is to be logged.</returns>
    public bool Fail(string kind, bool isFirst, DateTimeOffset now)
    {
        lock (_lock)
        {
            _since = _failing == 0 ? now : _since;
            _failing += isFirst ? 1 : 0;
            _kind = kind;
            return _logged.Add(kind);
        }
    }

    /// <returns>True if it was the last loop of the name that failed.</returns>
    public bool Recover()
    {
        lock (_lock)
        {
            if (--_failing > 0)
            {
                return false;
            }
            _logged.Clear();
            return true;
        }
    }

    /// <summary>Records that a failed loop has ended. A successor that fails in the same way is not logged again.</summary>
    public void End()
    {
        lock (_lock)
        {
            _failing--;
        }
    }

    public FailingLoop? Describe(string name)
    {
        lock (_lock)
        {
            return _failing > 0 ? new FailingLoop(name, _kind, _since) : null;
        }
    }
}
