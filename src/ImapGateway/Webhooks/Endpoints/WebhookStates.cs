using ImapGateway.Mail;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>The reasons why an endpoint is disabled.</summary>
public static class DisableReason
{
    public const string KeyRevoked = "key_revoked";
    /// <summary>The endpoint has answered 410.</summary>
    public const string Gone = "gone";
    public const string Exhausted = "exhausted";
    /// <summary>The secret or the headers of the endpoint cannot be decrypted.</summary>
    public const string SecretUnreadable = "secret_unreadable";
    /// <summary>The row of the endpoint in the database is damaged.</summary>
    public const string SettingsUnreadable = "settings_unreadable";
}

/// <summary>Writes changes of an endpoint's state that deliveries cause. A state that a user has set meanwhile (paused, disabled) stays.</summary>
public sealed partial class WebhookStates(WebhookStore store, ILogger<WebhookStates> log)
{
    public Task<WebhookEntity?> FailingAsync(string id, int failures, DateTimeOffset? nextProbeAt) => ChangeAsync(id, row =>
    {
        row.State = WebhookState.Failing;
        row.ProbeFailures = failures;
        row.NextProbeAt = nextProbeAt;
    });

    public Task<WebhookEntity?> ActiveAsync(string id) => ChangeAsync(id, row =>
    {
        row.State = WebhookState.Active;
        row.ProbeFailures = 0;
        row.NextProbeAt = null;
    });

    public Task<WebhookEntity?> DisabledAsync(string id, string reason)
    {
        LogDisabled(id, reason);
        return ChangeAsync(id, row =>
        {
            row.State = WebhookState.Disabled;
            row.Reason = reason;
        });
    }

    public Task<WebhookEntity?> ExpiredAsync(string id, DateTimeOffset now) => WriteAsync(id, row => row.LastExpiredAt = now);

    private Task<WebhookEntity?> ChangeAsync(string id, Action<WebhookEntity> change) => WriteAsync(id, row =>
    {
        if (row.State is not (WebhookState.Paused or WebhookState.Disabled))
        {
            change(row);
        }
    });

    /// <returns>The written row, or null if it was not written: then the state in memory counts until the next write.</returns>
    private async Task<WebhookEntity?> WriteAsync(string id, Action<WebhookEntity> change)
    {
        try
        {
            return await store.ChangeAsync(id, change, CancellationToken.None);
        }
        catch (ProblemException unavailable)
        {
            LogLater(id, unavailable.Message);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The webhook {Webhook} is disabled: {Reason}")]
    private partial void LogDisabled(string webhook, string reason);

    [LoggerMessage(LogLevel.Warning, "The state of the webhook {Webhook} is not written: {Reason}")]
    private partial void LogLater(string webhook, string reason);
}
