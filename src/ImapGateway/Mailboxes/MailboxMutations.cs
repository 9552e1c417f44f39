using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Mailboxes;

/// <summary>Adds mutations for the operations that REST has for mailboxes.</summary>
public static class MailboxMutations
{
    public static void Build(GraphBuilder graph)
    {
        graph.Mutation(
            "createMailbox", Scope.MailWrite, "mailbox", "Mailbox", "At `path`, with the server's delimiter, or by `name`, below `parentId` if it is given. Levels that are missing above it are created.",
            input => Place(input.Field("account", "ID!", "The account's id.")),
            async input =>
            {
                var account = input.Get<string>("account")!;
                if (!input.Call.Caller.MaySee(account))
                {
                    throw new ProblemException(RouteRights.NoSuchAccount);
                }
                return new InAccount<Mailbox>(account, await input.Call.Service<AccountRegistry>().Grain(account).Execute(input.Without("account").Body<MailboxInput>().ToCommand(), input.Call.Cancel));
            });
        graph.Mutation(
            "updateMailbox", Scope.MailWrite, "mailbox", "Mailbox", "Renames, moves, subscribes or unsubscribes a mailbox. Its id, those of its messages and of all below it stay the same. What is absent stays.",
            input => Place(input.Field("id", "ID!", "The mailbox's id.")),
            async input =>
            {
                var account = await AccountOf.DemandAsync(input.Call, input.Id);
                var changed = await input.Call.Service<AccountRegistry>().Grain(account).Execute(input.Without("id").Body<MailboxPatch>().ToCommand(input.Id), input.Call.Cancel);
                return new InAccount<Mailbox>(account, changed.Demand());
            });
        graph.Mutation<string>(
            "deleteMailbox", Scope.MailWrite, "deletedId", "ID", "Never with mailboxes below it.",
            input => input.Field("id", "ID!", "The mailbox's id.").Field("force", "Boolean", "Also with messages in it.", false),
            async input =>
            {
                var account = await AccountOf.DemandAsync(input.Call, input.Id);
                await input.Call.Service<AccountRegistry>().Grain(account).Execute(new DeleteMailbox(new MailboxRef(input.Id, null, null), input.Get<bool>("force")), input.Call.Cancel);
                return input.Id;
            });
    }

    private static void Place(GraphInput input) => input
        .Field("path", "String", "Where it is to be; not together with name and parentId.")
        .Field("name", "String", "One level.")
        .Field("parentId", "ID", "An id or a role; null: at the top.")
        .Field("subscribed", "Boolean", "Whether other mail clients show it.");
}
