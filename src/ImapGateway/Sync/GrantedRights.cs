using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>The rights of the account in a mailbox (RFC 4314).</summary>
public sealed class GrantedRights(ImapPool pool, MailboxDirectory directory)
{
    /// <summary>Returns the MYRIGHTS of the mailbox. Empty if the server has no ACL or does not report them.</summary>
    /// <param name="anew">True to ask the server even if it has answered before.</param>
    public async Task<string> ReadAsync(MailboxState mailbox, bool anew, CancellationToken cancel) => anew || mailbox.Rights is not { } known
        ? mailbox.Rights = await pool.RunAsync(null, repeatable: true, session => MailboxListing.RightsAsync(session, mailbox.Path), cancel) ?? ""
        : known;

    /// <summary>Refuses an operation that the rights do not allow before anything is tried. Servers would do a part of it, ignore it, or refuse it with a response text of their own.</summary>
    /// <param name="needed">The letters of RFC 4314, see <see cref="MailboxRights"/>.</param>
    /// <exception cref="ProblemException"><see cref="ErrorCode.AccountDenied"/>.</exception>
    public async Task DemandAsync(MailboxState mailbox, IReadOnlyCollection<char> needed, CancellationToken cancel)
    {
        if (needed.Count == 0 || MailboxRights.Missing(await ReadAsync(mailbox, anew: false, cancel), needed) is null)
        {
            return;
        }
        // The known rights may be old: the right may have been granted since.
        if (MailboxRights.Missing(await ReadAsync(mailbox, anew: true, cancel), needed) is { } missing)
        {
            throw MailboxRights.Denied(missing);
        }
    }

    /// <summary>Refuses the creation of a mailbox that the rights do not allow. The nearest listed mailbox above the path decides (RFC 4314 section 4). At the top the server decides alone.</summary>
    public async Task DemandCreateAsync(string path, string? delimiter, CancellationToken cancel)
    {
        for (var at = Parent(path.Length); at > 0; at = Parent(at))
        {
            if (directory.AtPath(path[..at]) is { } above)
            {
                await DemandAsync(above, [MailboxRights.CreateBelow], cancel);
                return;
            }
        }

        int Parent(int length) => delimiter is { Length: > 0 } ? path.LastIndexOf(delimiter, length - 1, StringComparison.Ordinal) : -1;
    }
}
