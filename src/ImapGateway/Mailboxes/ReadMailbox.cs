using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Mailboxes;

/// <summary>One mailbox, asked of the server now, with the account's rights to it.</summary>
[GenerateSerializer, Immutable]
public sealed record ReadMailbox(MailboxRef Mailbox) : AccountCommand<Mailbox>
{
    public override string Target => Mailbox.ToString();

    public override async Task<Mailbox> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var mailbox = await account.Mailboxes.ResolveAsync(Mailbox, cancel);
        await account.Mailboxes.CountAsync(mailbox, cancel);
        return await AnswerAsync(account, mailbox);
    }

    /// <summary>By what is known now; only the rights, which LIST does not tell (RFC 4314 section 3.5), are asked for.</summary>
    public static async Task<Mailbox> AnswerAsync(AccountContext account, MailboxState mailbox)
    {
        var rights = await account.Pool.RunAsync(null, repeatable: true, session => MailboxListing.RightsAsync(session, mailbox.Path), CancellationToken.None);
        return ListMailboxes.MailboxOf(mailbox, account.Mailboxes.ByPath()) with { MyRights = rights };
    }
}
