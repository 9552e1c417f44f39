using ImapGateway.Accounts;
using ImapGateway.Mail;

namespace ImapGateway.Messages;

/// <summary>One message: headers and structure, and what the options ask for.</summary>
[GenerateSerializer, Immutable]
public sealed record GetMessage(string Id, ReadOptions Options) : AccountCommand<Message>
{
    public override string? Target => Id;

    public override async Task<Message> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var (mailbox, _) = account.Mailboxes.FindMessage(Id);
        await account.Mailboxes.UpToDateAsync(mailbox, cancel);
        return await ReadAsync(account, Id, Options, cancel);
    }

    /// <summary>By what is known now, without a look at the mailbox.</summary>
    public static Task<Message> ReadAsync(AccountContext account, string id, CancellationToken cancel) => ReadAsync(account, id, ReadOptions.Basic, cancel);

    private static async Task<Message> ReadAsync(AccountContext account, string id, ReadOptions options, CancellationToken cancel)
    {
        var set = await GetMessages.ReadAsync(account, [id], options, cancel);
        return set.Items is [var message] ? message : throw new ProblemException(set.Missing[0].Problem);
    }
}
