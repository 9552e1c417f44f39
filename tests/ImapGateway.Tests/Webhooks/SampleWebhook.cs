using ImapGateway.Access;
using ImapGateway.Webhooks.Endpoints;

namespace ImapGateway.Tests.Webhooks;

/// <summary>Rows of endpoints that receive all changes.</summary>
public static class SampleWebhook
{
    public static WebhookEntity Row(
        string id = "wh_1",
        string url = "https://receiver.example/",
        string secret = "",
        WebhookFormat format = WebhookFormat.Standard,
        WebhookOrder order = WebhookOrder.Account,
        bool body = false,
        string? key = null) => new()
        {
            Id = id,
            Url = url,
            Description = null,
            Types = ["*"],
            Accounts = null,
            Mailboxes = null,
            Roles = null,
            Format = format,
            Order = order,
            IncludeBody = body,
            HeaderNames = [],
            HeaderSecret = null,
            Secret = secret,
            KeyId = key,
            GrantedScopes = Scope.Webhooks,
            GrantedAccounts = null,
            CreatedAt = DateTimeOffset.UnixEpoch,
            FollowsSince = DateTimeOffset.UnixEpoch,
        };
}
