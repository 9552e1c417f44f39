using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>MailKit collects a literal in memory, and forgets which section it was, unless its folders are replaced.</summary>
public sealed class StreamingImapClient : ImapClient
{
    /// <summary>Takes the next literals, as they arrive, while it is set.</summary>
    public LiteralStream? Sink { get; set; }

    /// <summary>Called with a mailbox that something was said about: its counters, its flags, its removals. Issues no commands.</summary>
    public Action<ImapFolder>? Heard { get; set; }

    /// <summary>Called when a mailbox was made, renamed, deleted, subscribed or unsubscribed.</summary>
    public Action? HeardOfTree { get; set; }

    /// <summary>Called when an answer about a message was parsed to its end, or is being copied.</summary>
    public Action? Parsed { get; set; }

    protected override ImapFolder CreateImapFolder(ImapFolderConstructorArgs args) => new StreamingImapFolder(args, this);

    private sealed class StreamingImapFolder(ImapFolderConstructorArgs args, StreamingImapClient client) : ImapFolder(args)
    {
        protected override Stream CreateStream(UniqueId? uid, string section, int offset, int length)
        {
            client.Sink?.Begin(length);
            return client.Sink is { } sink ? sink : new SectionStream(section, client.Parsed);
        }

        protected override Stream CommitStream(Stream stream, UniqueId uid, string section, int offset, int length) => stream;

        protected override void OnMessageSummaryFetched(IMessageSummary message)
        {
            client.Parsed?.Invoke();
            base.OnMessageSummaryFetched(message);
        }

        // Overridden rather than subscribed to: a watched account has many mailboxes, and nothing to say most of the time.
        protected override void OnCountChanged()
        {
            base.OnCountChanged();
            client.Heard?.Invoke(this);
        }

        protected override void OnUidNextChanged()
        {
            base.OnUidNextChanged();
            client.Heard?.Invoke(this);
        }

        protected override void OnHighestModSeqChanged()
        {
            base.OnHighestModSeqChanged();
            client.Heard?.Invoke(this);
        }

        protected override void OnUnreadChanged()
        {
            base.OnUnreadChanged();
            client.Heard?.Invoke(this);
        }

        protected override void OnUidValidityChanged()
        {
            base.OnUidValidityChanged();
            client.Heard?.Invoke(this);
        }

        protected override void OnMessageExpunged(MessageEventArgs args)
        {
            base.OnMessageExpunged(args);
            client.Heard?.Invoke(this);
        }

        protected override void OnMessagesVanished(MessagesVanishedEventArgs args)
        {
            base.OnMessagesVanished(args);
            client.Heard?.Invoke(this);
        }

        protected override void OnMessageFlagsChanged(MessageFlagsChangedEventArgs args)
        {
            base.OnMessageFlagsChanged(args);
            client.Heard?.Invoke(this);
        }

        protected override void OnRenamed(string oldName, string newName)
        {
            base.OnRenamed(oldName, newName);
            client.HeardOfTree?.Invoke();
        }

        protected override void OnDeleted()
        {
            base.OnDeleted();
            client.HeardOfTree?.Invoke();
        }

        protected override void OnSubscribed()
        {
            base.OnSubscribed();
            client.HeardOfTree?.Invoke();
        }

        protected override void OnUnsubscribed()
        {
            base.OnUnsubscribed();
            client.HeardOfTree?.Invoke();
        }
    }
}

/// <summary>A section that is small enough for the memory.</summary>
/// <param name="written">Called whenever octets have arrived.</param>
public sealed class SectionStream(string section, Action? written) : MemoryStream
{
    public string Section => section;

    public override void Write(byte[] buffer, int offset, int count)
    {
        written?.Invoke();
        base.Write(buffer, offset, count);
    }
}
