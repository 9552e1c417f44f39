using ImapGateway.Accounts;
using ImapGateway.Mail;

namespace ImapGateway.Messages;

/// <summary>One message: headers and structure.</summary>
[GenerateSerializer, Immutable]
public sealed record GetMessage(string Id) : AccountCommand<Message>
{
    public override string? Target => Id;

    public override async Task<Message> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var (mailbox, _) = account.Mailboxes.FindMessage(Id);
        await account.Mailboxes.UpToDateAsync(mailbox, cancel);
        (mailbox, var row) = account.Mailboxes.FindMessage(Id);
        await account.Mailboxes.CompareAsync(mailbox, mailbox.UidValidity, [row.Uid], cancel);
        return await ReadAsync(account, Id, cancel);
    }

    /// <summary>By what is known now.</summary>
    public static async Task<Message> ReadAsync(AccountContext account, string id, CancellationToken cancel)
    {
        var (mailbox, row) = account.Mailboxes.FindMessage(id);
        var headers = await account.Headers.ReadAsync(mailbox.Counter, mailbox.Path, mailbox.UidValidity, [row.Uid], cancel);
        return headers.TryGetValue(row.Uid, out var known)
            ? Message.Of(id, mailbox.Id, row.Uid, row.Flags, row.ModSeq, known)
            : throw new ProblemException(ErrorCode.Gone, "The message is gone.");
    }
}
