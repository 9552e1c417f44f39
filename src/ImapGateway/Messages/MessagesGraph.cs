using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.GraphQL.Fields;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Messages;

/// <summary>Adds messages to the graph: lists of mailboxes, and messages by id.</summary>
public sealed class MessagesGraph : IGraph
{
    /// <summary>The tag of fields that the index has: the server need not be asked for headers.</summary>
    private const string InIndex = "index";

    public void Build(GraphBuilder graph)
    {
        BuildMessage(graph);
        graph.Input("MessageFilter", "Which messages; all that are given must hold.")
            .Field("unseen", "Boolean", "Whether it lacks `$seen`.")
            .Field("flagged", "Boolean", "Whether it has `$flagged`.")
            .Field("flag", "[String!]", "Has each of these flags and keywords.")
            .Field("notFlag", "[String!]", "Has none of these flags and keywords.")
            .Field("from", "String", "A sender's name or address contains it, without regard to case.")
            .Field("to", "String", "A recipient's name or address contains it, without regard to case.")
            .Field("subject", "String", "The subject contains it, without regard to case.")
            .Field("messageId", "String", "The Message-ID header, with or without angle brackets.")
            .Field("since", "DateTime", "Received at this instant or later.")
            .Field("before", "DateTime", "Received before this instant.")
            .Field("hasAttachments", "Boolean", "Whether it has attachments. Pages can be short then: only so many messages are looked into for one.");
        var page = graph.Connection<InAccount<Message>>("Message", "Messages, newest first.");
        page.Leaf("feedPosition", "String!", one => one.FeedPosition, "`after` for the changes of the account, which then misses nothing that this list does not show; the same on all pages.");
        page.Leaf("staleSince", "DateTime", one => one.StaleSince, "Not null: the mail server could not be asked, and this was so then.");
        graph.Extend<InAccount<Mailbox>>("Mailbox").Field(
            "messages", "MessageConnection", (mailbox, call) => ListAsync(call, mailbox), "Its messages, newest first.",
            [.. PageAsked.BothWays, new("filter", "MessageFilter", "Which of them.")])
            .Requires(Scope.MailReadBasic).Counts(PageAsked.Size).Held();
        var account = graph.Extend<Account>("Account");
        account.Field("message", "Message", (one, call) => LoadAsync(call, one.Id, call.Text("id")!), "A message; null where it is gone, or never was.", new GraphArgument("id", "ID!", "Its id.")).Requires(Scope.MailReadBasic).Held();
        MessageMutations.Build(graph);
        graph.Node("m_", async (call, id) => call.Caller.Has(Scope.MailReadBasic) && await AccountOf.IdAsync(call, id) is { } owner ? await LoadAsync(call, owner, id) : null);
    }

    private static void BuildMessage(GraphBuilder graph)
    {
        var message = graph.Object<InAccount<Message>>("Message", "A message. Dates are UTC, sizes octets. Reading never marks as read.").Implements("Node");
        message.Leaf("id", "ID!", one => one.Value.Id, "Ours, opaque; stays the same when the message is moved.").Tagged(InIndex);
        message.Leaf("mailboxId", "ID!", one => one.Value.MailboxId, "The mailbox it is in.").Tagged(InIndex);
        message.Leaf("uid", "Long!", one => (long)one.Value.Uid, "The IMAP UID (RFC 3501 section 2.3.1.1); changes when the message is moved.").Tagged(InIndex);
        message.Leaf("flags", "[String!]!", one => one.Value.Flags, "RFC 8621 spelling ($seen, $answered, $flagged, $draft), $deleted, and keywords as they are.").Tagged(InIndex);
        message.Leaf("modSeq", "String", one => one.Value.ModSeq, "MODSEQ (RFC 7162) where the server has it: grows with every change of flags. A number of 63 bits, hence a string.").Tagged(InIndex);
        message.Leaf("emailId", "String", one => one.Value.EmailId, "EMAILID (RFC 8474 section 5.1) or X-GM-MSGID, where the server has one.");
        message.Leaf("threadId", "String", one => one.Value.ThreadId, "THREADID (RFC 8474 section 5.2) or X-GM-THRID, where the server has one.");
        message.Leaf("messageId", "String", one => one.Value.MessageId, "The Message-ID header without angle brackets; chosen by the sender, neither unique nor trustworthy.");
        message.Leaf("inReplyTo", "[String!]!", one => one.Value.InReplyTo, "Message-IDs of the message it answers, without angle brackets.");
        message.Leaf("references", "[String!]!", one => one.Value.References, "Message-IDs of the conversation before it, without angle brackets.");
        message.Leaf("subject", "String", one => one.Value.Subject, "Decoded (RFC 2047).");
        message.Part("from", "[EmailAddress!]!", one => one.Value.From, "The authors.");
        message.Part("sender", "[EmailAddress!]!", one => one.Value.Sender, "Who sent it, where that is not its author.");
        message.Part("replyTo", "[EmailAddress!]!", one => one.Value.ReplyTo, "Where answers are to go.");
        message.Part("to", "[EmailAddress!]!", one => one.Value.To, "Recipients.");
        message.Part("cc", "[EmailAddress!]!", one => one.Value.Cc, "Recipients of copies.");
        message.Part("bcc", "[EmailAddress!]!", one => one.Value.Bcc, "Recipients nobody else sees; there in sent messages and drafts.");
        message.Leaf("date", "DateTime", one => one.Value.Date, "The Date header; null where it is missing or cannot be understood.");
        message.Leaf("receivedAt", "DateTime!", one => one.Value.ReceivedAt, "INTERNALDATE (RFC 3501 section 2.3.3): when the mail server received it. The Date header where the server gives none that can be read.");
        message.Leaf("size", "Long", one => one.Value.Size, "RFC822.SIZE in octets; some servers lie a little. Null, with a `problem`, where the server gives none that can be read.");
        message.Leaf("preview", "String", one => one.Value.Preview, "The beginning of the text, without quotes and markup, in one line of 200 characters at most; empty where nothing can be read. Null for keys without the scope mail.read.");
        message.Leaf("hasAttachments", "Boolean!", one => one.Value.HasAttachments, "Whether there is anything in `attachments` that is not inline.");

        message.Part("problem", "ResourceProblem", one => one.Value.Problem, "Null where all is well. Otherwise the mail server could not give all of the message, and fields that are not known are null or empty. The server is asked again from time to time.");
        var address = graph.Object<EmailAddress>("EmailAddress", "A display name and an address (RFC 5322 section 3.4); groups are flattened to their members.");
        address.Leaf("name", "String", one => one.Name, "Null where there is none.");
        address.Leaf("address", "String!", one => one.Address, "As the header has it, which need not be an address.");
    }

    private static async Task<Connection<InAccount<Message>>> ListAsync(FieldCall call, InAccount<Mailbox> mailbox)
    {
        var page = PageAsked.Of(call);
        var list = new ListMessages(new MailboxRef(mailbox.Value.Id, null, null), FilterOf(call.Members("filter")), page.Limit, page.Cursor)
        {
            When = call.Context.When,
            IsBackward = page.IsBackward,
            IndexOnly = !call.Asks(field => field.Tag != InIndex, "nodes", "edges/node"),
        };
        var answer = await call.ReadAsync(mailbox.Account, list);
        var found = answer.Demand();
        var goesOn = found.NextCursor is not null;
        return new Connection<InAccount<Message>>(
            [.. found.Items.Select(message => new InAccount<Message>(mailbox.Account, Visible.To(call.Caller, message)))],
            message => found.CursorOf(message.Value),
            HasNextPage: page.IsBackward ? page.Cursor is not null : goesOn,
            HasPreviousPage: page.IsBackward ? goesOn : page.Cursor is not null,
            StartCursor: page.IsBackward ? found.NextCursor : null,
            EndCursor: page.IsBackward ? null : found.NextCursor)
        {
            FeedPosition = found.FeedPosition,
            StaleSince = answer.StaleSince,
        };
    }

    private static MessageFilter FilterOf(IReadOnlyDictionary<string, object?>? given)
    {
        return given is null
            ? new MessageFilter()
            : new MessageFilter(
                One<bool?>("unseen"), One<bool?>("flagged"), Texts("flag"), Texts("notFlag"), One<string>("from"), One<string>("to"), One<string>("subject"), One<string>("messageId"),
                One<DateTimeOffset?>("since"), One<DateTimeOffset?>("before"), One<bool?>("hasAttachments"));

        T? One<T>(string name) => given.TryGetValue(name, out var value) && value is T of ? of : default;

        string[]? Texts(string name) => given.TryGetValue(name, out var value) && value is IEnumerable<object?> list && list.OfType<string>().ToArray() is { Length: > 0 } texts ? texts : null;
    }

    /// <summary>Returns the message, or null if it is gone or never existed.</summary>
    private static async Task<InAccount<Message>?> LoadAsync(FieldCall call, string account, string id)
    {
        var found = await call.LoadAsync<string, (Message? Message, Problem? Problem)>((nameof(GetMessages), account), id, async ids =>
        {
            var loaded = new Dictionary<string, (Message?, Problem?)>();
            foreach (var some in ids.Chunk(GetMessages.MostIds))
            {
                var set = (await call.ReadAsync(account, new GetMessages([.. some], ReadOptions.Basic) { When = call.Context.When })).Demand();
                foreach (var message in set.Items)
                {
                    loaded[message.Id] = (Visible.To(call.Caller, message), null);
                }
                foreach (var missing in set.Missing)
                {
                    loaded[missing.Id] = (null, missing.Problem);
                }
            }
            return loaded;
        });
        return found switch
        {
            { Message: { } message } => new InAccount<Message>(account, message),
            { Problem: { Code: not (ErrorCode.NotFound or ErrorCode.Gone) } problem } => throw new ProblemException(problem),
            _ => null,
        };
    }
}
