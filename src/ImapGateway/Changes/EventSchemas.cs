using System.Text.Json.Nodes;

namespace ImapGateway.Changes;

/// <summary>
/// Builds the JSON Schema (Draft 2020-12) of the record of each type. The caller adds the definitions that other answers share (Message, Role): the schemas refer to them by
/// <paramref name="definitions"/>, such as <c>#/$defs/</c>.
/// </summary>
public sealed class EventSchemas(string definitions)
{
    /// <summary>Returns the schema of the whole record of a type, with an example.</summary>
    public JsonObject Of(ChangeType type) => Object(
        Title(type),
        [
            ("id", Text("The same wherever the change is told of, and however often: what was handled once need not be handled again."), true),
            ("type", new JsonObject { ["const"] = ChangeTypes.Name(type) }, true),
            ("timestamp", Text("When the gateway noticed it.", "date-time"), true),
            ("account", Text(type == ChangeType.WebhookTest ? "Empty: it is about no account." : "The id of the account."), true),
            ("metadata", new JsonObject { ["type"] = "object", ["description"] = "The client's notes on the account at that time.", ["additionalProperties"] = new JsonObject { ["type"] = "string" } }, true),
            ("sequence", new JsonObject { ["type"] = "string", ["description"] = "Without gaps, and increasing, in each account.", ["pattern"] = "^[1-9][0-9]*$" }, true),
            ("data", Data(type), true),
        ],
        Example(type));

    private JsonObject Data(ChangeType type) => type switch
    {
        ChangeType.MessageAdded => Object("What has arrived.", [.. OfMessage, Truncated, MessageMember]),
        ChangeType.MessageFlagsChanged => Object("What has become of its flags.",
            [.. OfMessage, ("added", Names("These it has now."), false), ("removed", Names("These it has no longer."), false), ("flags", Names("All it has now."), false)]),
        ChangeType.MessageMoved => Object("The message has kept its id.",
            [.. OfMessage, ("fromMailboxId", Text("Where it was."), true), ("flags", Names("As they were known before; a difference follows as a change of its own."), false), Truncated, MessageMember]),
        ChangeType.MessageRemoved => Object("What is gone; its id is never used again.", [.. OfMessage, Truncated, MessageMember]),
        ChangeType.MailboxAdded or ChangeType.MailboxRemoved => Object("The mailbox.", [.. OfMailbox]),
        ChangeType.MailboxRenamed => Object("The mailbox has kept its id, and so have its messages.", [.. OfMailbox, ("oldPath", Text("Where it was."), false)]),
        ChangeType.MailboxReset => Object("What was known of its messages cannot be continued; what has become of each follows.",
            [.. OfMailbox, ("reason", new JsonObject { ["enum"] = new JsonArray("uid_validity", "index_lost"), ["description"] = "Whether the mail server or the gateway has lost it." }, false)]),
        ChangeType.WebhookTest => Object("Asked for by hand.", [("webhook", Text("The id of the endpoint."), true)]),
        _ => Object("The state of the account.", [("reason", Text("A code of the error list, where something failed."), false), ("detail", Text("What the mail server said, for people."), false)]),
    };

    private static IEnumerable<(string, JsonObject, bool)> OfMessage =>
        [("id", Text("The id of the message."), true), ("mailboxId", Text("The mailbox it is in, or was."), true)];

    private IEnumerable<(string, JsonObject, bool)> OfMailbox =>
        [("id", Text("The id of the mailbox."), true), ("path", Text("Its path."), false), ("role", Refer("Role", "Its role, where it has one."), false)];

    private static (string, JsonObject, bool) Truncated => ("truncated", Names("Lists of the summary of which only the first 100 are there."), false);

    private (string, JsonObject, bool) MessageMember => ("message", Refer("Message", "Its summary, where it was known and the reader may see it (mail.readBasic)."), false);

    private JsonObject Refer(string name, string description) => new() { ["$ref"] = definitions + name, ["description"] = description };

    private static JsonObject Text(string description, string? format = null)
    {
        var text = new JsonObject { ["type"] = "string", ["description"] = description };
        if (format is not null)
        {
            text["format"] = format;
        }
        return text;
    }

    private static JsonObject Names(string description) => new() { ["type"] = "array", ["description"] = description, ["items"] = new JsonObject { ["type"] = "string" } };

    /// <summary>Returns the schema of an object. Members may be added later: readers must ignore unknown ones.</summary>
    private static JsonObject Object(string description, IEnumerable<(string Name, JsonObject Schema, bool Required)> members, JsonNode? example = null)
    {
        var all = members.ToList();
        var schema = new JsonObject
        {
            ["type"] = "object",
            ["description"] = description,
            ["properties"] = new JsonObject(all.Select(member => KeyValuePair.Create<string, JsonNode?>(member.Name, member.Schema))),
            ["required"] = new JsonArray([.. all.Where(member => member.Required).Select(member => JsonValue.Create(member.Name))]),
        };
        if (example is not null)
        {
            schema["examples"] = new JsonArray(example);
        }
        return schema;
    }

    private static JsonNode Example(ChangeType type) => JsonNode.Parse(ChangeJson.ToBytes(ChangeExamples.Of(type), ChangeView.Full))!;

    private static string Title(ChangeType type) => type switch
    {
        ChangeType.MessageAdded => "A message has arrived, or has become visible.",
        ChangeType.MessageFlagsChanged => "Flags of a message have changed.",
        ChangeType.MessageMoved => "A message is in another mailbox.",
        ChangeType.MessageRemoved => "A message is gone.",
        ChangeType.MailboxAdded => "There is a new mailbox.",
        ChangeType.MailboxRenamed => "A mailbox has another path.",
        ChangeType.MailboxRemoved => "A mailbox is gone.",
        ChangeType.MailboxReset => "What was known of a mailbox cannot be continued.",
        ChangeType.AccountSynced => "The account is indexed: what arrives from now on is told.",
        ChangeType.AccountConnected => "The mail server can be used, again or for the first time.",
        ChangeType.AccountAuthFailed => "The mail server refuses the credentials; they are not tried again until they change.",
        ChangeType.AccountUnavailable => "The mail server cannot be used; it is tried again.",
        ChangeType.AccountRemoved => "The account was removed: its last change.",
        _ => "A test of a webhook endpoint.",
    };
}
