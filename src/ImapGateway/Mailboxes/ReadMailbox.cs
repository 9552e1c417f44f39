using ImapGateway.Accounts;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync;

namespace ImapGateway.Mailboxes;

/// <summary>Reads one mailbox, with the account's rights to it.</summary>
[GenerateSerializer, Immutable]
public sealed record ReadMailbox(MailboxRef Mailbox) : AccountCommand<Tagged<Mailbox>>
{
    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    /// <summary>False if the known state is enough, so that the mailbox need not be refreshed.</summary>
    [Id(1)] public bool Counters { get; init; } = true;

    [Id(2)] public bool Rights { get; init; } = true;

    public override string Target => Mailbox.ToString();

    public override async Task<Tagged<Mailbox>> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var mailbox = await account.Mailboxes.Tree.ResolveAsync(Mailbox, cancel);
        var stale = Counters ? await account.Mailboxes.Known.CountersStaleSinceAsync(mailbox, When.Freshness, cancel) : null;
        var answer = stale is null && Rights ? await AnswerAsync(account, mailbox, When) : Known(account, mailbox, When, isStale: stale is not null);
        return answer with { Value = When.Has(answer.Tag!) ? null : answer.Value, StaleSince = stale };
    }

    /// <summary>Checks If-Match against the present counters.</summary>
    /// <exception cref="ProblemException">412 if it does not hold.</exception>
    public static async Task DemandAsync(AccountContext account, MailboxState mailbox, Conditions when, CancellationToken cancel)
    {
        if (when.DemandsState)
        {
            await account.Mailboxes.Tree.CountAsync(mailbox, cancel);
        }
        when.Demand(StateOf(MailboxOf(account, mailbox, isStale: false)));
    }

    /// <summary>Reads the known state. Only the rights, which LIST does not report (RFC 4314 section 3.5), are requested from the server.</summary>
    public static async Task<Tagged<Mailbox>> AnswerAsync(AccountContext account, MailboxState mailbox, Conditions when)
    {
        await account.Mailboxes.Rights.ReadAsync(mailbox, anew: when.Freshness == Freshness.Revalidated, CancellationToken.None);
        return Known(account, mailbox, when, isStale: false);
    }

    private static Tagged<Mailbox> Known(AccountContext account, MailboxState mailbox, Conditions when, bool isStale)
    {
        var known = MailboxOf(account, mailbox, isStale);
        return new Tagged<Mailbox>(when.Strong($"{StateOf(known)}.{EntityTags.Digest(mailbox.Rights ?? "")}"), known with { MyRights = mailbox.Rights is "" ? null : mailbox.Rights }) { HoldsAt = account.Mailboxes.Known.HoldsAt(mailbox) };
    }

    private static Mailbox MailboxOf(AccountContext account, MailboxState mailbox, bool isStale) =>
        ListMailboxes.MailboxOf(mailbox, account.Mailboxes.InOrder, account.Mailboxes.Known.CountersOf(mailbox, isStale));

    /// <summary>Returns the state for the tag, without the rights, which no client changes through the gateway.</summary>
    private static string StateOf(Mailbox known) => EntityTags.Digest(known.ToString());
}
