using System.Text.Json.Nodes;

namespace ImapGateway.IntegrationTests.Hostile;

/// <summary>Right values for what is not attacked just now, by the names of parameters and members: ids of objects that there are, a mail server that lets the account in.</summary>
public sealed class KnownValues
{
    private readonly Dictionary<string, string> _texts = [];

    public required int ImapPort { get; init; }

    /// <param name="name">A name, or a name below the name of its owner: "messages.id".</param>
    public KnownValues With(string name, string value)
    {
        _texts[name] = value;
        return this;
    }

    public string? Find(string owner, string name) => _texts.GetValueOrDefault($"{owner}.{name}") ?? _texts.GetValueOrDefault(name);

    /// <summary>What an input object must have to be complete; null where any value of its type will do.</summary>
    public JsonNode? Member(string owner, string name) => name switch
    {
        "email" => "ann@example.com",
        "host" => "127.0.0.1",
        "port" => ImapPort,
        "security" => owner.Contains("MailServer", StringComparison.Ordinal) ? "NONE" : "none",
        "username" => "ann",
        "password" => "pass",
        "url" => "http://127.0.0.1:9/",
        "scopes" => new JsonArray("mail.readBasic"),
        "after" => "0",
        "watch" => owner.EndsWith("AccountInput", StringComparison.Ordinal) && owner != "AccountInput" ? "NONE" : "none",
        _ => Find(owner, name) is { } known ? JsonValue.Create(known) : null,
    };

    /// <summary>Members that belong to a complete object although its schema can do without them.</summary>
    public static bool IsNeeded(string owner, string name) => name is "port" or "security" or "username" or "password" && owner.Contains("Server", StringComparison.Ordinal) && !owner.Contains("Patch", StringComparison.Ordinal) && !owner.Contains("Change", StringComparison.Ordinal)
        || name == "watch" && owner.Contains("Account", StringComparison.Ordinal) && owner.EndsWith("Input", StringComparison.Ordinal);
}
