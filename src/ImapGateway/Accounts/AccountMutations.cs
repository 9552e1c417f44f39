using ImapGateway.Access;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Responses;

namespace ImapGateway.Accounts;

/// <summary>Adds mutations for the operations that REST has for accounts.</summary>
public static class AccountMutations
{
    public static void Build(GraphBuilder graph)
    {
        graph.Input("MetadataChange", "A note of the client's own.").Field("key", "String!", "Its name.").Field("value", "String", "What it says; null removes it.");
        Server(graph.Input("MailServerInput", "A mail server; a password or an OAuth 2.0 access token, never both.").Field("host", "String!", "Its name or address."));
        Server(graph.Input("MailServerChange", "A change of a mail server's settings. A new place or user needs its credential along.").Field("host", "String", "Its name or address."));
        Mutation(
            "createAccount", "Logs in first; nothing is saved unless that works.",
            input => input.Field("id", "ID", "Chosen by the client ([A-Za-z0-9_-]{1,64}), or left to the gateway.").Field("name", "String", "Shown to people; the address where it is missing.").Field("email", "String!", "Its address.")
                .Field("metadata", "[MetadataInput!]", "The client's own notes.").Field("imap", "MailServerInput!", "Where its mail is.")
                .Field("smtp", "MailServerInput", "Where mail is handed in; user name and credential are those of imap where they are missing.").Field("watch", "WatchScope", "Which mailboxes are watched; ALL where it is missing."),
            hasVerify: true,
            async input =>
            {
                AccountsApi.DemandAllAccounts(input.Call.Caller);
                var account = input.Without("verify").Body<AccountInput>("metadata");
                return await Registry(input).AddAsync(account.Id, account.Validate(needsCredential: true), input.Get<bool>("verify"), input.Call.Cancel);
            });
        Mutation(
            "updateAccount", "What is absent stays. New credentials are tried first.",
            input => input.Field("id", "ID!", "The account's id.").Field("name", "String", "Shown to people; null: the address.").Field("email", "String", "Its address.")
                .Field("metadata", "[MetadataChange!]", "Notes to set, and with null to remove; null for all removes all.").Field("imap", "MailServerChange", "What to change of the server the mail is on.")
                .Field("smtp", "MailServerChange", "What to change of the server that takes mail; null: it has none any more.").Field("watch", "WatchScope", "Which mailboxes are watched."),
            hasVerify: true,
            async input =>
            {
                var id = Visible(input);
                var before = (await input.Call.Service<AccountStore>().FindAsync(id, input.Call.Cancel) ?? throw AccountStore.NotFound()).ToAccount();
                var settings = input.Without("id", "verify").Body<AccountPatch>("metadata").ApplyTo(before).Validate(needsCredential: false, before);
                return await Registry(input).ChangeAsync(id, settings, input.Get<bool>("verify"), Conditions.None, input.Call.Cancel);
            });
        BuildVerification(graph);
        graph.Mutation(
            "verifyAccount", Scope.Accounts, "verification", "Verification", "Tries settings without saving them.",
            input => input.Field("email", "String!", "Its address.").Field("imap", "MailServerInput!", "Where its mail is.").Field("smtp", "MailServerInput", "Where mail is handed in."),
            async input =>
            {
                var settings = input.Body<AccountInput>().Validate(needsCredential: true);
                return await input.Call.Service<AccountVerifier>().RunAsync(settings.Imap, settings.Smtp, input.Call.Cancel);
            });
        Mutation("pauseAccount", "Its mail can still be read and changed; changes of others are not looked for until it is resumed.", Id, hasVerify: false, async input => await Registry(input).PauseAsync(Visible(input), input.Call.Cancel));
        Mutation("resumeAccount", "What has happened meanwhile is found and reported.", Id, hasVerify: false, async input => await Registry(input).ResumeAsync(Visible(input), input.Call.Cancel));
        graph.Mutation<string>("deleteAccount", Scope.Accounts, "deletedId", "ID", "Its secrets are erased before the answer. Nothing changes on the mail server.", Id, async input =>
        {
            await Registry(input).RemoveAsync(Visible(input), Conditions.None, input.Call.Cancel);
            return input.Id;
        });

        void Mutation(string name, string description, Action<GraphInput> members, bool hasVerify, Func<MutationInput, Task<Account?>> run) =>
            graph.Mutation(name, Scope.Accounts, "account", "Account", description, input =>
            {
                members(input);
                if (hasVerify)
                {
                    input.Field("verify", "Boolean", "False: it is saved without logging in.", true);
                }
            }, run);
    }

    private static void BuildVerification(GraphBuilder graph)
    {
        var verification = graph.Object<Verification>("Verification", "What came of logging in.");
        verification.Part("imap", "ServerVerification!", one => one.Imap, "To the server that has the mail.");
        verification.Part("smtp", "ServerVerification", one => one.Smtp, "To the server that takes mail, where it was given.");
        var server = graph.Object<ServerVerification>("ServerVerification", "What came of logging in to a server.");
        server.Leaf("ok", "Boolean!", one => one.Ok, "The login succeeded.");
        server.Leaf("code", "String", one => one.Code, "From the closed list of error codes, where it did not.");
        server.Leaf("detail", "String", one => one.Detail, "What to do about it.");
        server.Part("upstream", "Upstream", one => one.Upstream, "The server's words.");
        server.Leaf("capabilities", "[String!]!", one => one.Capabilities, "What the server can do, where the login succeeded.");
    }

    private static void Id(GraphInput input) => input.Field("id", "ID!", "The account's id.");

    private static void Server(GraphInput input) => input
        .Field("port", "Int", "The standard one of `security` where it is missing.")
        .Field("security", "Security", "TLS where it is missing.")
        .Field("username", "String", "The address where it is missing.")
        .Field("password", "String", "Never comes back.")
        .Field("accessToken", "String", "For XOAUTH2 or OAUTHBEARER, instead of a password. Never comes back.")
        .Field("allowInvalidCertificate", "Boolean", "Accept any certificate, for self-signed ones.");

    private static AccountRegistry Registry(MutationInput input) => input.Call.Service<AccountRegistry>();

    private static string Visible(MutationInput input) => input.Call.Caller.MaySee(input.Id) ? input.Id : throw AccountStore.NotFound();
}
