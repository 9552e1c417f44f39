using ImapGateway.Accounts;
using ImapGateway.Mail;

namespace ImapGateway.Messages;

/// <summary>One message: headers and structure, and what the options ask for.</summary>
[GenerateSerializer, Immutable]
public sealed record GetMessage(string Id, ReadOptions Options, Freshness Freshness = Freshness.Known) : AccountCommand<Message>
{
    public override string? Target => Id;

    public override async Task<Message> RunAsync(AccountContext account, CancellationToken cancel) =>
        Only(await new GetMessages([Id], Options, Freshness).RunAsync(account, cancel));

    /// <summary>By what is known now, without a look at the mailbox.</summary>
    public static async Task<Message> ReadAsync(AccountContext account, string id, CancellationToken cancel) =>
        Only(await GetMessages.ReadAsync(account, [id], ReadOptions.Basic, cancel));

    private static Message Only(MessageSet set) => set.Items is [var message] ? message : throw new ProblemException(set.Missing[0].Problem);
}
