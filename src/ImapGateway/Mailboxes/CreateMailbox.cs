using ImapGateway.Accounts;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.Mailboxes;

/// <summary>Creates a mailbox (RFC 3501 section 6.3.3), and the missing levels above it; subscribed, so that other clients show it.</summary>
[GenerateSerializer, Immutable]
public sealed record CreateMailbox(MailboxPlace Place, bool Subscribed) : AccountCommand<Mailbox>
{
    public override async Task<Mailbox> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var parent = await Place.ParentAsync(account, cancel);
        MailboxNames? names = null;
        var path = "";
        await account.Mailboxes.Tree.ChangeAsync(
            async () =>
            {
                if (account.Mailboxes.Tree.LimitReached is { } limit)
                {
                    throw new ProblemException(limit);
                }
                names = await MailboxNames.ReadAsync(account, cancel);
                path = names.Free(Place, parent);
                await account.Mailboxes.Rights.DemandCreateAsync(path, names.Delimiter, cancel);
                // From here on the outcome is recorded even if the client does not wait for it.
                cancel.ThrowIfCancellationRequested();
                return await account.Pool.RunAsync<Sync.MailboxRenaming?>(
                    null,
                    repeatable: false,
                    async session =>
                    {
                        var (above, name) = await names.AboveAsync(session, path);
                        await MailboxNames.CreateAsync(above, name, Subscribed);
                        return null;
                    },
                    CancellationToken.None);
            },
            cancel);
        var created = account.Mailboxes.AtPath(path)
            ?? (names!.Spelling(account.Mailboxes.All.Select(one => one.Path), path) is { } spelt ? account.Mailboxes.AtPath(spelt) : null)
            ?? throw new ProblemException(ErrorCode.Conflict, "The mail server has created the mailbox, but does not list it.");
        return (await ReadMailbox.AnswerAsync(account, created, Conditions.None)).Demand();
    }
}
