using ImapGateway.Accounts;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Messages;

/// <summary>One message: headers and structure, and what the options ask for.</summary>
[GenerateSerializer, Immutable]
public sealed record GetMessage(string Id, ReadOptions Options) : AccountCommand<Tagged<Message>>
{
    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    public override string? Target => Id;

    public override async Task<Tagged<Message>> RunAsync(AccountContext account, CancellationToken cancel) =>
        await new GetMessages([Id], Options) { When = When }.ReadyAsync(account, () => ReadAsync(account, Id, Options, When, cancel), static _ => false, cancel);

    /// <summary>By what is known now, without a look at the mailbox.</summary>
    public static Task<Tagged<Message>> ReadAsync(AccountContext account, string id, Conditions when, CancellationToken cancel) => ReadAsync(account, id, ReadOptions.Basic, when, cancel);

    private static async Task<Tagged<Message>> ReadAsync(AccountContext account, string id, ReadOptions options, Conditions when, CancellationToken cancel)
    {
        var (mailbox, row) = account.Mailboxes.FindMessage(id);
        var holdsAt = account.Mailboxes.HoldsAt(mailbox);
        var tag = when.Strong(AccountMailboxes.StateOf(mailbox, row));
        return new Tagged<Message>(tag, when.Has(tag) ? null : Only(await GetMessages.ReadAsync(account, [id], options, cancel))) { HoldsAt = holdsAt };
    }

    private static Message Only(MessageSet set) => set.Items is [var message] ? message : throw new ProblemException(set.Missing[0].Problem);
}
