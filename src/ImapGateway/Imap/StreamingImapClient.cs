using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>MailKit collects a literal in memory unless its folders are replaced by ones that hand the bytes on as they arrive.</summary>
public sealed class StreamingImapClient : ImapClient
{
    /// <summary>Takes the next literals while it is set.</summary>
    public LiteralStream? Sink { get; set; }

    protected override ImapFolder CreateImapFolder(ImapFolderConstructorArgs args) => new StreamingImapFolder(args, this);

    private sealed class StreamingImapFolder(ImapFolderConstructorArgs args, StreamingImapClient client) : ImapFolder(args)
    {
        protected override Stream CreateStream(UniqueId? uid, string section, int offset, int length)
        {
            if (client.Sink is not { } sink)
            {
                return base.CreateStream(uid, section, offset, length);
            }
            sink.Begin(length);
            return sink;
        }

        protected override Stream CommitStream(Stream stream, UniqueId uid, string section, int offset, int length) =>
            ReferenceEquals(stream, client.Sink) ? stream : base.CommitStream(stream, uid, section, offset, length);
    }
}
