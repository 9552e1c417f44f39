using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Mailboxes;

/// <summary>One mailbox, with the account's rights to it.</summary>
[GenerateSerializer, Immutable]
public sealed record ReadMailbox(MailboxRef Mailbox, Freshness Freshness = Freshness.Known) : AccountCommand<Mailbox>
{
    public override string Target => Mailbox.ToString();

    public override async Task<Mailbox> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var mailbox = await account.Mailboxes.ResolveAsync(Mailbox, cancel);
        var stale = await account.Mailboxes.CountersReadyAsync(mailbox, Freshness, cancel);
        return stale is null ? await AnswerAsync(account, mailbox, Freshness) : MailboxOf(account, mailbox, isStale: true);
    }

    /// <summary>By what is known now; only the rights, which LIST does not tell (RFC 4314 section 3.5), are asked for.</summary>
    public static async Task<Mailbox> AnswerAsync(AccountContext account, MailboxState mailbox, Freshness freshness = Freshness.Known)
    {
        if (mailbox.MyRights is null || freshness == Freshness.Revalidated)
        {
            mailbox.MyRights = await account.Pool.RunAsync(null, repeatable: true, session => MailboxListing.RightsAsync(session, mailbox.Path), CancellationToken.None) ?? "";
        }
        return MailboxOf(account, mailbox, isStale: false);
    }

    private static Mailbox MailboxOf(AccountContext account, MailboxState mailbox, bool isStale) =>
        ListMailboxes.MailboxOf(mailbox, account.Mailboxes.ByPath(), account.Mailboxes.CountersOf(mailbox, isStale)) with { MyRights = mailbox.MyRights is "" ? null : mailbox.MyRights };
}
