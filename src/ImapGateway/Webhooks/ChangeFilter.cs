using System.Collections.Frozen;
using ImapGateway.Changes;
using ImapGateway.Mail;

namespace ImapGateway.Webhooks;

/// <summary>Which changes an endpoint wants. A filter that is absent admits all; of those that are there, each must.</summary>
public sealed class ChangeFilter
{
    private readonly ChangeTypeFilter _types;
    private readonly FrozenSet<string>? _accounts;
    private readonly FrozenSet<(string Incarnation, ulong Counter)>? _mailboxes;
    private readonly FrozenSet<Role>? _roles;

    public ChangeFilter(WebhookEntity webhook)
    {
        _types = ChangeTypeFilter.Parse(webhook.Types, out _) ?? throw new InvalidOperationException($"The endpoint {webhook.Id} asks for types that this version does not know.");
        _accounts = webhook.Accounts?.ToFrozenSet();
        _mailboxes = webhook.Mailboxes?.Select(Parse).ToFrozenSet();
        _roles = webhook.Roles?.Select(name => WireNames.Find<Role>(name)!.Value).ToFrozenSet();
    }

    public bool AdmitsAccount(string account) => _accounts?.Contains(account) ?? true;

    public bool Admits(LoggedChange change) =>
        _types.Admits(change.Type) && AdmitsAccount(change.Account)
        && (_mailboxes is null || _mailboxes.Contains((change.Incarnation, change.Mailbox)) || _mailboxes.Contains((change.Incarnation, change.FromMailbox)))
        && (_roles is null || Has(change.Role) || Has(change.FromRole));

    private bool Has(Role? role) => role is { } known && _roles!.Contains(known);

    private static (string Incarnation, ulong Counter) Parse(string id) =>
        ObjectId.TryParse(id, out var parsed) ? (parsed.Incarnation, parsed.Counter) : throw new InvalidOperationException($"{id} is no id of a mailbox.");
}
