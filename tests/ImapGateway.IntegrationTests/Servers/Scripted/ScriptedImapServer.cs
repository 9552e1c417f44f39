using System.Net.Sockets;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>
/// An IMAP4rev1 server in memory, for what Dovecot cannot show: other extensions, broken answers, refusals, silence.
/// One user's mailboxes; whoever knows the password is that user.
/// </summary>
public sealed class ScriptedImapServer : IAsyncDisposable
{
    private readonly AcceptLoop _accepting;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Hook> _hooks = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<ScriptedSession> _sessions = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _connections;
    private int _open;

    private ScriptedImapServer(ScriptedOptions options)
    {
        Options = options;
        Inbox = AddMailbox("INBOX");
        _accepting = new AcceptLoop(Serve);
    }

    /// <summary>Runs in place of a command; <paramref name="proceed"/> does what the server would have done.</summary>
    public delegate Task Hook(ScriptedSession session, ScriptedCommand command, Func<Task> proceed);

    /// <summary>May be exchanged while connections are open.</summary>
    public ScriptedOptions Options { get; set; }

    /// <summary>What leaves a connection in place of what would have left it.</summary>
    public Func<ScriptedSession, byte[], ReadOnlyMemory<byte>>? Rewrite { get; set; }

    public static string Host => "127.0.0.1";

    public int Port => _accepting.Port;

    public ScriptedMailbox Inbox { get; }

    /// <summary>All commands of all connections, complete ones, in the order of their arrival.</summary>
    public Journal<ScriptedCommand> Commands { get; } = new();

    /// <summary>Made so far.</summary>
    public int Connections => Locked(() => _connections);

    public int OpenConnections => Locked(() => _open);

    public ScriptedMailbox this[string name] => Find(name) ?? throw new KeyNotFoundException(name);

    public static ScriptedImapServer Start(ScriptedOptions? options = null) => new(options ?? new ScriptedOptions());

    /// <summary>From now on a command is answered by the hook, e.g. <c>UID FETCH</c>.</summary>
    public void On(string command, Hook hook)
    {
        lock (_gate)
        {
            _hooks[command] = hook;
        }
    }

    /// <summary>Says a line to everybody, whatever they are doing, and closes all connections.</summary>
    public void Farewell(string line)
    {
        foreach (var session in Locked(() => _sessions.ToArray()))
        {
            session.Farewell(line);
        }
    }

    public int CountOf(string command) => Commands.Count(seen => seen.Name == command);

    /// <summary>Waits until so many connections have been made and so many of them are open.</summary>
    public async Task WaitForConnections(int made, int open)
    {
        while (true)
        {
            var changed = Changed;
            if (Locked(() => _connections == made && _open == open))
            {
                return;
            }

            await changed.WaitAsync(Journal<ScriptedCommand>.Patience);
        }
    }

    public ScriptedMailbox AddMailbox(string name, string? specialUse = null, params string[] attributes) => Change(() =>
    {
        var mailbox = new ScriptedMailbox(this, name) { SpecialUse = specialUse, UidValidity = (uint)Mailboxes.Count + 1 };
        mailbox.Attributes.AddRange(attributes);
        Mailboxes.Add(mailbox);
        return mailbox;
    });

    /// <summary>As another client deletes it; sessions that have it selected are not told.</summary>
    public void Delete(ScriptedMailbox mailbox) => Change(() => Mailboxes.Remove(mailbox));

    public ValueTask DisposeAsync() => _accepting.DisposeAsync();

    internal List<ScriptedMailbox> Mailboxes { get; } = [];

    /// <summary>Completes at the next change of any mailbox.</summary>
    internal Task Changed => Volatile.Read(ref _changed).Task;

    internal ScriptedMailbox? Find(string name) => Locked(() => Mailboxes.Find(mailbox =>
        mailbox.Name == name || (name.Equals("INBOX", StringComparison.OrdinalIgnoreCase) && mailbox.Name == "INBOX")));

    internal Hook? HookOf(string command) => Locked(() => _hooks.GetValueOrDefault(command));

    internal T Locked<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }

    internal T Change<T>(Func<T> change)
    {
        var result = Locked(change);
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        return result;
    }

    private async Task Serve(TcpClient client, CancellationToken stop)
    {
        Change(() => ++_open);
        try
        {
            using var session = new ScriptedSession(this, client, Change(() => ++_connections), stop);
            Locked(() => _sessions.Add(session));
            try
            {
                await session.Run();
            }
            finally
            {
                Locked(() => _sessions.Remove(session));
            }
        }
        finally
        {
            Change(() => --_open);
        }
    }
}
