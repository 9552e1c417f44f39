using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.GraphQL.Fields;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Mailboxes;

/// <summary>Adds mailboxes to the graph: flat or as a tree, by id, role or path.</summary>
public sealed class MailboxesGraph : IGraph
{
    /// <summary>The usual number of mailboxes of an account, for the cost if no number is given.</summary>
    private const int Usual = 50;

    /// <summary>The tag of fields that the server must be asked for if it does not report changes.</summary>
    private const string Counters = "counters";

    private static readonly GraphArgument[] Paged = PageAsked.ForwardBy(ListMailboxes.DefaultLimit);

    public void Build(GraphBuilder graph)
    {
        BuildMailbox(graph);
        var page = graph.Connection<InAccount<Mailbox>>("Mailbox", "Mailboxes by path.");
        page.Leaf("feedPosition", "String!", one => one.FeedPosition, "`after` for the changes of the account, which then misses nothing that this list does not show; the same on all pages.");
        page.Leaf("staleSince", "DateTime", one => one.StaleSince, "Not null: the mail server could not be asked, and this was so then.");
        var account = graph.Extend<Account>("Account");
        account.Field(
            "mailboxes", "MailboxConnection", (one, call) => ListAsync(call, one.Id, new ListMailboxes(0, null) { AtTop = call.Flag("top") == true, When = call.Context.When }),
            "Mailboxes by path, the account's own and those that others share with it.",
            [.. Paged, new("top", "Boolean", "Only those that are below no other: `children` has the rest.", false)])
            .Requires(Scope.MailReadBasic).Counts(Size).Held();
        account.Field(
            "mailbox", "Mailbox", (one, call) => FindAsync(call, one.Id), "A mailbox by exactly one of these; null where there is none.",
            new("id", "ID", "Its id."), new("role", "Role", "What it is for."), new("path", "String", "Where it is, with the server's delimiter."))
            .Requires(Scope.MailReadBasic).Held();
        graph.Extend<InAccount<Message>>("Message").Field("mailbox", "Mailbox", (message, call) => LoadAsync(call, message.Account, new MailboxRef(message.Value.MailboxId, null, null)), "The mailbox it is in.").Requires(Scope.MailReadBasic).Held();
        MailboxMutations.Build(graph);
        graph.Node("b_", async (call, id) => call.Caller.Has(Scope.MailReadBasic) && await AccountOf.IdAsync(call, id) is { } owner ? await LoadAsync(call, owner, new MailboxRef(id, null, null)) : null);
    }

    private static void BuildMailbox(GraphBuilder graph)
    {
        graph.Enum<Role>(
            "Role", "What a mailbox is for: SPECIAL-USE (RFC 6154), else its name in the common mail languages.",
            (Role.Inbox, "Where mail arrives."), (Role.Sent, "What was sent."), (Role.Drafts, "What is not sent yet."), (Role.Trash, "What was deleted."), (Role.Junk, "What nobody wants."),
            (Role.Archive, "What is kept."), (Role.All, "Everything the server has."), (Role.Flagged, "What is flagged."), (Role.Important, "What the server takes for important."));
        graph.Enum<Precision>(
            "Precision", "How exact the flags of a mailbox are known.",
            (Precision.Exact, "The server tells every change."), (Precision.Windowed, "Only the newest messages are compared at every look, and the rest in turn."));
        var problem = graph.Object<ResourceProblem>("ResourceProblem", "Why a resource is shown without what the mail server should have told about it.");
        problem.Leaf("code", "String!", one => one.Code, "From the closed list of error codes.");
        problem.Leaf("detail", "String!", one => one.Detail, "What is wrong, with the words of the mail server where it gave any.");
        var mailbox = graph.Object<InAccount<Mailbox>>("Mailbox", "A mailbox. Counters are messages; they are 0 where it cannot be selected, and null where `problem` says why the mail server does not tell them.").Implements("Node");
        mailbox.Leaf("id", "ID!", one => one.Value.Id, "Ours, opaque; stays the same when the mailbox is renamed.");
        mailbox.Leaf("path", "String!", one => one.Value.Path, "Decoded to Unicode, with the server's delimiter.");
        mailbox.Leaf("name", "String!", one => one.Value.Name, "The last segment of the path.");
        mailbox.Leaf("delimiter", "String", one => one.Value.Delimiter, "Between the levels of a path; null on a server without hierarchy.");
        mailbox.Leaf("parentId", "ID", one => one.Value.ParentId, "The id of the mailbox above it; null at the top.");
        mailbox.Choice<Role>("role", "Role", one => one.Value.Role, "What it is for; null for an ordinary one.");
        mailbox.Leaf("subscribed", "Boolean!", one => one.Value.Subscribed, "Whether other mail clients show it.").Tagged(Counters);
        mailbox.Leaf("selectable", "Boolean!", one => one.Value.Selectable, "False where it only holds other mailboxes.");
        mailbox.Leaf("total", "Int", one => one.Value.Total, "Messages in it.").Tagged(Counters);
        mailbox.Leaf("unseen", "Int", one => one.Value.Unseen, "Messages in it without `$seen`.").Tagged(Counters);
        mailbox.Leaf("uidValidity", "Long", one => one.Value.UidValidity, "UIDVALIDITY (RFC 3501 section 2.3.1.1).").Tagged(Counters);
        mailbox.Leaf("uidNext", "Long", one => one.Value.UidNext, "UIDNEXT: the uid a new message will have, or a smaller one than that.").Tagged(Counters);
        mailbox.Choice<Precision>("precision", "Precision!", one => one.Value.Precision, "How exact the flags of its messages are known.");
        mailbox.Part("problem", "ResourceProblem", one => one.Value.Problem, "Why the mailbox cannot be read now: the mail server refuses it. All others work, and it is tried again. Null when all is well.").Tagged(Counters);
        mailbox.Field("myRights", "String", RightsAsync, "RFC 4314 letters, where the server has ACL.").Held();
        mailbox.Field("parent", "Mailbox", ParentAsync, "The mailbox above it; null at the top.").Held();
        mailbox.Field(
            "children", "MailboxConnection",
            // They belong to the mailbox that was just read.
            (one, call) => ListAsync(call, one.Account, new ListMailboxes(0, null) { Parent = one.Value.Id, When = call.Context.When with { Freshness = Freshness.AsRead } }),
            "Those directly below it, by path.", Paged).Counts(call => call.Number("first") is null ? 10 : Size(call)).Held();
    }

    private static int Size(FieldCall call) => call.Number("first") is null ? Usual : PageAsked.Size(call);

    private static async Task<Connection<InAccount<Mailbox>>> ListAsync(FieldCall call, string account, ListMailboxes list)
    {
        var asked = PageAsked.Of(call, ListMailboxes.DefaultLimit);
        var answer = await call.ReadAsync(account, list with { Limit = asked.Limit, Cursor = asked.Cursor });
        var page = answer.Demand();
        return new Connection<InAccount<Mailbox>>(
            [.. page.Items.Select(mailbox => new InAccount<Mailbox>(account, mailbox) { Among = page.Items })],
            mailbox => page.CursorOf(mailbox.Value),
            HasNextPage: page.NextCursor is not null,
            HasPreviousPage: asked.Cursor is not null)
        {
            FeedPosition = page.FeedPosition,
            StaleSince = answer.StaleSince,
        };
    }

    private static Task<InAccount<Mailbox>?> FindAsync(FieldCall call, string account)
    {
        var wanted = new MailboxRef(call.Text("id"), call.Choice<Role>("role"), call.Text("path"));
        if (new object?[] { wanted.Id, wanted.Role, wanted.Path }.Count(one => one is not null) != 1)
        {
            throw RequestErrors.OfParameter("id", "Exactly one of id, role and path is expected.");
        }
        return LoadAsync(call, account, wanted);
    }

    /// <summary>Returns the mailbox, or null if there is none.</summary>
    public static Task<InAccount<Mailbox>?> LoadAsync(FieldCall call, string account, MailboxRef wanted)
    {
        var counters = call.Asks(field => field.Tag == Counters, "");
        return call.LoadAsync<MailboxRef, InAccount<Mailbox>>((nameof(ReadMailbox), account, counters), wanted, async refs =>
        {
            var found = await Task.WhenAll(refs.Select(one => ReadAsync(call, account, one, counters, rights: false)));
            return refs.Zip(found).Where(pair => pair.Second is not null).ToDictionary(pair => pair.First, pair => new InAccount<Mailbox>(account, pair.Second!));
        });
    }

    private static async Task<Mailbox?> ReadAsync(FieldCall call, string account, MailboxRef wanted, bool counters, bool rights)
    {
        try
        {
            return (await call.ReadAsync(account, new ReadMailbox(wanted) { When = call.Context.When, Counters = counters, Rights = rights })).Demand();
        }
        catch (ProblemException e) when (e.Code is ErrorCode.NotFound or ErrorCode.Gone)
        {
            return null;
        }
    }

    private static async Task<string?> RightsAsync(InAccount<Mailbox> mailbox, FieldCall call) =>
        (await ReadAsync(call, mailbox.Account, new MailboxRef(mailbox.Value.Id, null, null), counters: false, rights: true))?.MyRights;

    private static async Task<InAccount<Mailbox>?> ParentAsync(InAccount<Mailbox> mailbox, FieldCall call) =>
        mailbox.Value.ParentId is not { } parent ? null
        : mailbox.Among?.FirstOrDefault(one => one.Id == parent) is { } known ? mailbox with { Value = known }
        : await LoadAsync(call, mailbox.Account, new MailboxRef(parent, null, null));
}
