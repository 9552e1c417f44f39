using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.Messages;

/// <summary>Adds mutations for the operations that REST has for messages.</summary>
public static class MessageMutations
{
    public static void Build(GraphBuilder graph)
    {
        graph.Input("FlagsInput", "Flags `$seen $answered $flagged $draft $deleted`, and keywords as the server takes them.")
            .Field("add", "[String!]", "These too.")
            .Field("remove", "[String!]", "These no longer.")
            .Field("set", "[String!]", "Exactly these; not together with the others.");
        graph.Mutation(
            "updateMessage", Scope.MailWrite, "message", "Message", "Changes flags, or moves a message: flags first, then the move. The id stays the same.",
            input => input.Field("id", "ID!", "The message's id.").Field("flags", "FlagsInput", "Flags to change.").Field("mailboxId", "ID", "An id or a role: where the message is to go."),
            async input =>
            {
                var account = await AccountOf.DemandAsync(input.Call, input.Id);
                var changed = await input.Without("id").Body<MessagePatch>().RunAsync(input.Call.Service<AccountRegistry>().Grain(account), input.Id, Conditions.None, input.Call.Cancel);
                return new InAccount<Message>(account, Visible.To(input.Call.Caller, changed.Demand()));
            });
        graph.Mutation<string>(
            "deleteMessage", Scope.MailWrite, "deletedId", "ID", "Moves a message to the trash, where it keeps its id, or expunges it.",
            input => input.Field("id", "ID!", "The message's id.").Field("permanent", "Boolean", "Expunge it: this message and no other.", false),
            async input =>
            {
                var account = await AccountOf.DemandAsync(input.Call, input.Id);
                await input.Call.Service<AccountRegistry>().Grain(account).Execute(new DeleteMessage(input.Id, input.Get<bool>("permanent")), input.Call.Cancel);
                return input.Id;
            });
    }
}
