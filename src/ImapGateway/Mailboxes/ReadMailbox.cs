using ImapGateway.Accounts;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync;

namespace ImapGateway.Mailboxes;

/// <summary>One mailbox, with the account's rights to it.</summary>
[GenerateSerializer, Immutable]
public sealed record ReadMailbox(MailboxRef Mailbox) : AccountCommand<Tagged<Mailbox>>
{
    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    /// <summary>False: whatever is known of it will do, and it need not be looked at.</summary>
    [Id(1)] public bool Counters { get; init; } = true;

    [Id(2)] public bool Rights { get; init; } = true;

    public override string Target => Mailbox.ToString();

    public override async Task<Tagged<Mailbox>> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var mailbox = await account.Mailboxes.ResolveAsync(Mailbox, cancel);
        var stale = Counters ? await account.Mailboxes.CountersReadyAsync(mailbox, When.Freshness, cancel) : null;
        var answer = stale is null && Rights ? await AnswerAsync(account, mailbox, When) : Known(account, mailbox, When, isStale: stale is not null);
        return answer with { Value = When.Has(answer.Tag!) ? null : answer.Value, StaleSince = stale };
    }

    /// <summary>If-Match, by the counters of now.</summary>
    /// <exception cref="ProblemException">412.</exception>
    public static async Task DemandAsync(AccountContext account, MailboxState mailbox, Conditions when, CancellationToken cancel)
    {
        if (when.DemandsState)
        {
            await account.Mailboxes.CountAsync(mailbox, cancel);
        }
        when.Demand(StateOf(MailboxOf(account, mailbox, isStale: false)));
    }

    /// <summary>By what is known now; only the rights, which LIST does not tell (RFC 4314 section 3.5), are asked for.</summary>
    public static async Task<Tagged<Mailbox>> AnswerAsync(AccountContext account, MailboxState mailbox, Conditions when)
    {
        await account.Mailboxes.RightsAsync(mailbox, anew: when.Freshness == Freshness.Revalidated, CancellationToken.None);
        return Known(account, mailbox, when, isStale: false);
    }

    private static Tagged<Mailbox> Known(AccountContext account, MailboxState mailbox, Conditions when, bool isStale)
    {
        var known = MailboxOf(account, mailbox, isStale);
        return new Tagged<Mailbox>(when.Strong($"{StateOf(known)}.{EntityTags.Digest(mailbox.Rights ?? "")}"), known with { MyRights = mailbox.Rights is "" ? null : mailbox.Rights }) { HoldsAt = account.Mailboxes.HoldsAt(mailbox) };
    }

    private static Mailbox MailboxOf(AccountContext account, MailboxState mailbox, bool isStale) =>
        ListMailboxes.MailboxOf(mailbox, account.Mailboxes.InOrder, account.Mailboxes.CountersOf(mailbox, isStale));

    /// <summary>Without the rights, which nobody changes through the gateway.</summary>
    private static string StateOf(Mailbox known) => EntityTags.Digest(known.ToString());
}
