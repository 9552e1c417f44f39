using ImapGateway.Accounts;
using ImapGateway.Http;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Mailboxes;

/// <summary>One mailbox, asked of the server now, with the account's rights to it.</summary>
[GenerateSerializer, Immutable]
public sealed record ReadMailbox(MailboxRef Mailbox) : AccountCommand<Tagged<Mailbox>>
{
    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    public override string Target => Mailbox.ToString();

    public override async Task<Tagged<Mailbox>> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var mailbox = await account.Mailboxes.ResolveAsync(Mailbox, cancel);
        await account.Mailboxes.CountAsync(mailbox, cancel);
        return mailbox.Rights is not null && Known(account, mailbox, When) is { Tag: { } tag } && When.Has(tag) ? new Tagged<Mailbox>(tag, null) : await AnswerAsync(account, mailbox, When);
    }

    /// <summary>If-Match, by the counters of now.</summary>
    /// <exception cref="ProblemException">412.</exception>
    public static async Task DemandAsync(AccountContext account, MailboxState mailbox, Conditions when, CancellationToken cancel)
    {
        if (when.DemandsState)
        {
            await account.Mailboxes.CountAsync(mailbox, cancel);
        }
        when.Demand(StateOf(ListMailboxes.MailboxOf(mailbox, account.Mailboxes.ByPath())));
    }

    /// <summary>By what is known now; only the rights, which LIST does not tell (RFC 4314 section 3.5), are asked for.</summary>
    public static async Task<Tagged<Mailbox>> AnswerAsync(AccountContext account, MailboxState mailbox, Conditions when)
    {
        mailbox.Rights = await account.Pool.RunAsync(null, repeatable: true, session => MailboxListing.RightsAsync(session, mailbox.Path), CancellationToken.None) ?? "";
        return Known(account, mailbox, when);
    }

    private static Tagged<Mailbox> Known(AccountContext account, MailboxState mailbox, Conditions when)
    {
        var known = ListMailboxes.MailboxOf(mailbox, account.Mailboxes.ByPath());
        return new Tagged<Mailbox>(when.Strong($"{StateOf(known)}.{EntityTags.Digest(mailbox.Rights ?? "")}"), known with { MyRights = mailbox.Rights is "" ? null : mailbox.Rights });
    }

    /// <summary>Without the rights, which nobody changes through the gateway.</summary>
    private static string StateOf(Mailbox known) => EntityTags.Digest(known.ToString());
}
