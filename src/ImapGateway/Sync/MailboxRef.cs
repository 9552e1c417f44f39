using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>The name of a mailbox in a request: an id, a role or a path. Exactly one is set.</summary>
[GenerateSerializer, Immutable]
public sealed record MailboxRef(string? Id, Role? Role, string? Path)
{
    /// <summary>Parses an id or a role, as in a URL. A text that is neither counts as an id that was never minted.</summary>
    public static MailboxRef Parse(string text) =>
        Roles.TryGetValue(text, out var role) ? new MailboxRef(null, role, null) : new MailboxRef(text, null, null);

    public static MailboxRef AtPath(string path) => new(null, null, path);

    private static readonly Dictionary<string, Role> Roles = Enum.GetValues<Role>().ToDictionary(role => role.ToString().ToLowerInvariant());

    public override string ToString() => Id ?? Role?.ToString().ToLowerInvariant() ?? "path";
}
