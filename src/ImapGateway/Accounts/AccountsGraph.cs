using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Changes;
using ImapGateway.GraphQL.Fields;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync.Watching;

namespace ImapGateway.Accounts;

/// <summary>Adds accounts to the graph, which begins with them.</summary>
public sealed class AccountsGraph : IGraph
{
    private const string CursorKind = "accounts";
    private const Scope Readers = Scope.Accounts | Scope.MailReadBasic;

    private sealed record Position(string After, string Feed);

    public void Build(GraphBuilder graph)
    {
        BuildAccount(graph);
        graph.Connection<Account>("Account", "Accounts in the order of their ids.")
            .Leaf("feedPosition", "String!", page => page.FeedPosition, "`after` for the changes of all accounts, which then misses nothing that this list does not show; the same on all pages.");
        graph.Input("MetadataInput", "A note of the client's own.").Field("key", "String!", "Its name.").Field("value", "String!", "What it says.");
        graph.Query.Field("account", "Account", (_, call) => LoadAsync(call, call.Text("id")!), "An account; null where there is none, or the key must not see it.", new GraphArgument("id", "ID!", "Its id.")).Requires(Readers).Held();
        graph.Query.Field(
            "accounts", "AccountConnection!", (_, call) => ListAsync(call), "The accounts that the key may see.",
            [.. PageAsked.Forward, new("email", "String", "Only those with exactly this address."), new("metadata", "[MetadataInput!]", "Only those with all of these notes.")])
            .Requires(Readers).Counts(PageAsked.Size);
        graph.Extend<InAccount<Message>>("Message").Field("account", "Account", (message, call) => LoadAsync(call, message.Account), "The account it is in.").Requires(Readers).Held();
        graph.Extend<InAccount<Mailbox>>("Mailbox").Field("account", "Account", (mailbox, call) => LoadAsync(call, mailbox.Account), "The account it is in.").Requires(Readers).Held();
        AccountMutations.Build(graph);
        graph.Node(null, async (call, id) => call.Caller.Has(Readers) && AccountId.IsValid(id) ? await LoadAsync(call, id) : null);
    }

    private static void BuildAccount(GraphBuilder graph)
    {
        graph.Enum<AccountState>(
            "AccountState", "Whether the gateway can reach the account's mail, and whether it knows all of it.",
            (AccountState.Connecting, "No login was tried yet."), (AccountState.Connected, "Logins work."),
            (AccountState.AuthFailed, "The server refused the credentials; they are not tried again until they change."),
            (AccountState.Unavailable, "The server cannot be reached or does not answer; recovers by itself."),
            (AccountState.Syncing, "Logins work, and the mailboxes that are watched are being indexed for the first time."),
            (AccountState.Paused, "Nothing is watched until it is resumed."),
            (AccountState.Degraded, "Logins work, but the connection that listens for changes is ended again and again: changes are seen late. `lastError` has the reason."));
        graph.Enum<Security>(
            "Security", "How a connection is protected.",
            (Security.Tls, "TLS from the first byte."), (Security.StartTls, "In clear until STARTTLS; never goes on without it."), (Security.None, "In clear; for servers on the same machine or network."));
        graph.Enum<WatchScope>(
            "WatchScope", "Which mailboxes of an account are watched.",
            (WatchScope.All, "Every mailbox, on one connection."), (WatchScope.Inbox, "The inbox alone."), (WatchScope.None, "None: changes are found when mail is read."));

        var account = graph.Object<Account>("Account", "A mail account; its secrets never come back.").Implements("Node");
        account.Leaf("id", "ID!", one => one.Id, "Chosen by the client, or made up.");
        account.Leaf("name", "String!", one => one.Name, "Shown to people.");
        account.Leaf("email", "String!", one => one.Email, "Its address.");
        account.Part("metadata", "[Metadata!]!", one => one.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal), "The client's own notes, by their names.");
        account.Choice<AccountState>("state", "AccountState!", one => one.State, "What it is doing.");
        account.Part("imap", "MailServer!", one => one.Imap, "Where its mail is.");
        account.Part("smtp", "MailServer", one => one.Smtp, "Where it hands in mail, if that was given.");
        account.Choice<WatchScope>("watch", "WatchScope!", one => one.Watch, "Which mailboxes are watched.");
        account.Leaf("createdAt", "DateTime!", one => one.CreatedAt, "When it was added.");
        account.Part("lastError", "AccountError", one => one.LastError, "What went wrong at the last login, or why fewer connections or mailboxes are used than the server has; null when all is well.");
        account.Leaf("capabilities", "[String!]!", one => one.Capabilities, "IMAP capabilities that change what the gateway can do, as last seen after login.");
        account.Part("quirks", "[Quirk!]!", one => one.Quirks, "What the mail server advertises and refuses; the gateway does without it, and tries it again a day later.");
        account.Leaf("feedPosition", "String!", one => one.FeedPosition, "`after` for the changes of the account, which then misses nothing that comes after this.");

        var quirk = graph.Object<Quirk>("Quirk", "Something that the mail server advertises, or that every server must have, and that it refuses.");
        quirk.Leaf("name", "String!", one => one.Name, "The capability as it is on the wire, or the command.");
        quirk.Leaf("since", "DateTime!", one => one.Since, "When it was refused. It is tried again a day later.");
        quirk.Leaf("detail", "String!", one => one.Detail, "How that was noticed.");

        var note = graph.Object<KeyValuePair<string, string>>("Metadata", "A note of the client's own.");
        note.Leaf("key", "String!", pair => pair.Key, "Its name.");
        note.Leaf("value", "String!", pair => pair.Value, "What it says.");

        var server = graph.Object<AccountServer>("MailServer", "Where a mail server listens and as whom to log in.");
        server.Leaf("host", "String!", one => one.Host, "Its name or address.");
        server.Leaf("port", "Int!", one => one.Port, "Its port.");
        server.Choice<Security>("security", "Security!", one => one.Security, "How the connection is protected.");
        server.Leaf("username", "String!", one => one.Username, "Whom to log in as.");
        server.Leaf("allowInvalidCertificate", "Boolean!", one => one.AllowInvalidCertificate, "Accept any certificate, for self-signed ones.");

        var error = graph.Object<AccountError>("AccountError", "Why an account does not work, or not fully.");
        error.Leaf("code", "String!", one => one.Code, "From the closed list of error codes.");
        error.Leaf("detail", "String!", one => one.Detail, "What is wrong and what to do.");
        error.Part("upstream", "Upstream", one => one.Upstream, "The mail server's words.");
        error.Leaf("at", "DateTime!", one => one.At, "When it happened.");

        var upstream = graph.Object<Upstream>("Upstream", "The mail server's own words.");
        upstream.Leaf("code", "String", one => one.Code, "The response code (RFC 5530), if it gave one.");
        upstream.Leaf("text", "String", one => one.Text, "The text after it.");
    }

    /// <summary>Returns the account, or null if there is none or the caller may not see it.</summary>
    public static async Task<Account?> LoadAsync(FieldCall call, string id) =>
        call.Caller.MaySee(id)
            ? await call.LoadAsync<string, Account>(nameof(Account), id, async ids => (await Task.WhenAll(ids.Select(call.ReadAsync))).OfType<Account>().ToDictionary(account => account.Id))
            : null;

    private static async Task<Connection<Account>> ListAsync(FieldCall call)
    {
        var page = PageAsked.Of(call);
        var given = call.List("metadata") ?? [];
        if (given.Count != given.DistinctBy(note => (string)note["key"]!).Count())
        {
            throw RequestErrors.OfParameter("metadata", "A key is given twice.");
        }
        var notes = given.ToImmutableSortedDictionary(note => (string)note["key"]!, note => (string)note["value"]!, StringComparer.Ordinal);
        var filter = $"{call.Text("email")}\n{string.Join('\n', notes)}";
        var from = Cursor.Decode<Position>(CursorKind, filter, page.Cursor);
        var feed = call.Service<GlobalFeed>();
        // The position is read before the rows: changes during the read come again in the feed.
        var position = await feed.PositionOfListAsync(from?.Feed, call.Cancel);
        var rows = await call.Service<AccountStore>().ListAsync(call.Text("email"), notes, call.Caller.Accounts, from?.After, page.Limit + 1, call.Cancel);
        return new Connection<Account>(
            [.. rows.Take(page.Limit).Select(row => row.ToAccount())],
            account => Cursor.Encode(CursorKind, filter, new Position(account.Id, position)),
            rows.Count > page.Limit,
            from is not null)
        {
            FeedPosition = position,
        };
    }
}
