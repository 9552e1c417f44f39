using ImapGateway.Accounts;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync;

namespace ImapGateway.Messages;

/// <summary>Reads one message: headers and structure, and what the options ask for.</summary>
[GenerateSerializer, Immutable]
public sealed record GetMessage(string Id, ReadOptions Options) : AccountCommand<Tagged<Message>>
{
    [Id(0)] public Conditions When { get; init; } = Conditions.None;

    public override string? Target => Id;

    public override async Task<Tagged<Message>> RunAsync(AccountContext account, CancellationToken cancel) =>
        await new GetMessages([Id], Options) { When = When }.ReadyAsync(account, () => ReadAsync(account, Id, Options, When, cancel), static _ => false, cancel);

    /// <summary>Reads a message by the known state, without a refresh of the mailbox.</summary>
    public static Task<Tagged<Message>> ReadAsync(AccountContext account, string id, Conditions when, CancellationToken cancel) => ReadAsync(account, id, ReadOptions.Basic, when, cancel);

    private static async Task<Tagged<Message>> ReadAsync(AccountContext account, string id, ReadOptions options, Conditions when, CancellationToken cancel)
    {
        var (mailbox, row) = account.Mailboxes.FindMessage(id);
        var holdsAt = account.Mailboxes.Known.HoldsAt(mailbox);
        var tag = when.Strong(AccountMailboxes.StateOf(mailbox, row));
        if (when.Has(tag))
        {
            return new Tagged<Message>(tag, null) { HoldsAt = holdsAt };
        }
        var message = Only(await GetMessages.ReadAsync(account, [id], options, cancel));
        // A placeholder has no tag: the message may be readable the next time, although the index is the same.
        return message.Problem is null ? new Tagged<Message>(tag, message) { HoldsAt = holdsAt } : new Tagged<Message>(null, message);
    }

    private static Message Only(MessageSet set) => set.Items is [var message] ? message : throw new ProblemException(set.Missing[0].Problem);
}
