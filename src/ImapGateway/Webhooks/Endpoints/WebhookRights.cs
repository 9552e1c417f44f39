using ImapGateway.Access;


namespace ImapGateway.Webhooks.Endpoints;

/// <summary>The current rights of an endpoint: what its key may see at this moment, and nothing at all after the key has lost rights.</summary>
public sealed class WebhookRights(IKeyLookup keys)
{
    /// <summary>The scopes that matter to an endpoint.</summary>
    public const Scope Relevant = Scope.Webhooks | Scope.MailReadBasic | Scope.MailRead;

    private static readonly Caller Operator = new(null, Scopes.Expand(Scope.Admin), null);

    /// <summary>Returns the rights of the endpoint's key, or null if the key was narrowed, has expired or is deleted.</summary>
    public async ValueTask<Caller?> FindAsync(WebhookEntity webhook, CancellationToken cancel)
    {
        if (webhook.KeyId is null)
        {
            return Operator;
        }
        return await keys.FindByIdAsync(webhook.KeyId, cancel) is { } key && Includes(key, webhook) ? key : null;
    }

    private static bool Includes(Caller key, WebhookEntity webhook) =>
        (webhook.GrantedScopes & ~Scopes.Expand(key.Scopes)) == Scope.None
        && (webhook.GrantedAccounts is { } granted ? granted.All(key.MaySee) : key.Accounts is null);
}
