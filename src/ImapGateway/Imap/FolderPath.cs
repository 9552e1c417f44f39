using System.Runtime.CompilerServices;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>The paths of mailboxes as the gateway shows them.</summary>
internal static class FolderPath
{
    extension(IMailFolder folder)
    {
        /// <summary>
        /// The decoded path. A name that no encoder makes, such as <c>R&amp;D</c>, stays as it is: MailKit's <see cref="IMailFolder.FullName"/> ends at the ampersand, and two mailboxes would have one path.
        /// </summary>
        public string Path => folder is ImapFolder imap && EncodedName(imap) is var encoded && encoded.Contains('&') ? ModifiedUtf7.Decode(encoded) : folder.FullName;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_EncodedName")]
    private static extern string EncodedName(ImapFolder folder);
}
