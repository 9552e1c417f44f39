using System.Collections.Frozen;
using ImapGateway.Changes;
using ImapGateway.Mail;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>The filter for the changes that an endpoint receives. A condition that is absent admits all changes; a change must satisfy all that are present.</summary>
public sealed class ChangeFilter
{
    /// <summary>A filter that admits no change.</summary>
    public static readonly ChangeFilter None = new();

    private readonly ChangeTypeFilter _types;
    private readonly FrozenSet<string>? _accounts;
    private readonly FrozenSet<(string Incarnation, ulong Counter)>? _mailboxes;
    private readonly FrozenSet<Role>? _roles;

    private ChangeFilter() => _types = ChangeTypeFilter.Of([]);

    private ChangeFilter(WebhookEntity webhook, ChangeTypeFilter types, IEnumerable<ObjectId>? mailboxes, IEnumerable<Role>? roles)
    {
        _types = types;
        _accounts = webhook.Accounts?.ToFrozenSet();
        _mailboxes = mailboxes?.Select(id => (id.Incarnation, id.Counter)).ToFrozenSet();
        _roles = roles?.ToFrozenSet();
    }

    /// <summary>Returns the filter of an endpoint. If it cannot be read, the result admits no change.</summary>
    public static ChangeFilter Of(WebhookEntity webhook) => TryOf(webhook) ?? None;

    /// <returns>The filter, or null if the row has types, ids or roles that this version does not know.</returns>
    public static ChangeFilter? TryOf(WebhookEntity webhook)
    {
        var types = ChangeTypeFilter.Parse(webhook.Types, out _);
        var mailboxes = webhook.Mailboxes?.Select(id => ObjectId.TryParse(id, out var parsed) ? parsed : (ObjectId?)null).ToList();
        var roles = webhook.Roles?.Select(WireNames.Find<Role>).ToList();
        return types is null || mailboxes?.Contains(null) == true || roles?.Contains(null) == true
            ? null
            : new ChangeFilter(webhook, types, mailboxes?.OfType<ObjectId>(), roles?.OfType<Role>());
    }

    public bool AdmitsAccount(string account) => _accounts?.Contains(account) ?? true;

    public bool Admits(LoggedChange change) =>
        _types.Admits(change.Type) && AdmitsAccount(change.Account)
        && (_mailboxes is null || _mailboxes.Contains((change.Incarnation, change.Mailbox)) || _mailboxes.Contains((change.Incarnation, change.FromMailbox)))
        && (_roles is null || Has(change.Role) || Has(change.FromRole));

    private bool Has(Role? role) => role is { } known && _roles!.Contains(known);
}
