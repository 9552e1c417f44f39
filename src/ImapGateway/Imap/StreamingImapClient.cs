using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>MailKit collects a literal in memory, and forgets which section it was, unless its folders are replaced.</summary>
public sealed class StreamingImapClient : ImapClient
{
    /// <summary>Takes the next literals, as they arrive, while it is set.</summary>
    public LiteralStream? Sink { get; set; }

    protected override ImapFolder CreateImapFolder(ImapFolderConstructorArgs args) => new StreamingImapFolder(args, this);

    private sealed class StreamingImapFolder(ImapFolderConstructorArgs args, StreamingImapClient client) : ImapFolder(args)
    {
        protected override Stream CreateStream(UniqueId? uid, string section, int offset, int length)
        {
            client.Sink?.Begin(length);
            return client.Sink is { } sink ? sink : new SectionStream(section);
        }

        protected override Stream CommitStream(Stream stream, UniqueId uid, string section, int offset, int length) => stream;
    }
}

/// <summary>A section that is small enough for the memory.</summary>
public sealed class SectionStream(string section) : MemoryStream
{
    public string Section => section;
}
