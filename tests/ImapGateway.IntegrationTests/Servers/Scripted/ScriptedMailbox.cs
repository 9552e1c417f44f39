namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>A mailbox of a <see cref="ScriptedImapServer"/>. Tests change it as another client would; sessions are told at their next chance.</summary>
public sealed class ScriptedMailbox
{
    private readonly ScriptedImapServer _server;
    private readonly List<ScriptedMessage> _messages = [];
    private long _modSeq = 1;

    internal ScriptedMailbox(ScriptedImapServer server, string name) => (_server, Name) = (server, name);

    /// <summary>As on the wire, modified UTF-7.</summary>
    public string Name { get; internal set; }

    /// <summary>Beside the role: <c>\Noselect</c>, <c>\NoInferiors</c>, or what a server invents.</summary>
    public List<string> Attributes { get; } = [];

    /// <summary><c>\Sent</c>, shown where SPECIAL-USE or XLIST is advertised.</summary>
    public string? SpecialUse { get; init; }

    public bool Subscribed { get; set; } = true;

    /// <summary>A new one is told from the next SELECT or STATUS on.</summary>
    public uint UidValidity { get; set; } = 1;

    public uint UidNext { get; set; } = 1;

    public string MailboxId { get; init; } = $"F{Guid.NewGuid():N}";

    /// <summary>Told at SELECT; <c>\*</c> allows new keywords.</summary>
    public string PermanentFlags { get; set; } = @"\Answered \Flagged \Deleted \Seen \Draft \*";

    public IReadOnlyList<ScriptedMessage> Messages => _server.Locked(() => _messages.ToArray());

    public long HighestModSeq => _server.Options.OnlyModSeq ?? _modSeq;

    /// <summary>Changes with the messages.</summary>
    internal long Version => _modSeq;

    internal List<ScriptedMessage> Stored => _messages;

    public ScriptedMessage Add(string subject, params string[] flags) => Add(uid => new(uid, ScriptedMessage.Text(subject)), flags);

    /// <summary>Stores the message that is made for the next uid.</summary>
    public ScriptedMessage Add(Func<uint, ScriptedMessage> make, params string[] flags) => _server.Change(() =>
    {
        var message = make(UidNext);
        message.Flags.UnionWith(flags);
        UidNext = message.Uid + 1;
        _messages.Add(message);
        Touch(message);
        return message;
    });

    public void Remove(ScriptedMessage message) => _server.Change(() =>
    {
        _modSeq++;
        return _messages.Remove(message);
    });

    public void SetFlags(ScriptedMessage message, params string[] flags) => _server.Change(() =>
    {
        message.Flags.Clear();
        message.Flags.UnionWith(flags);
        Touch(message);
        return message;
    });

    public void Rename(string name) => _server.Change(() => Name = name);

    internal void Touch(ScriptedMessage message) => message.ModSeq = ++_modSeq;
}
