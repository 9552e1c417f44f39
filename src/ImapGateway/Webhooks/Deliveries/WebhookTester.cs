using System.Text.Json;
using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;
using ImapGateway.Webhooks.Sending;

namespace ImapGateway.Webhooks.Deliveries;

/// <summary>Calls an endpoint with an event of no account, and returns the result.</summary>
public sealed class WebhookTester(WebhookSender sender, WebhookProtector protector, TimeProvider time)
{
    /// <exception cref="ProblemException">409 if the secret or the headers cannot be read.</exception>
    public async Task<WebhookTestResult> RunAsync(WebhookEntity webhook, CancellationToken cancel)
    {
        var loaded = LoadedWebhook.Of(webhook, protector);
        if (loaded.Fault is not null)
        {
            throw LoadedWebhook.Unreadable();
        }
        var change = Change(webhook.Id, time.GetUtcNow());
        var form = webhook.Format == WebhookFormat.CloudEvents ? PayloadForm.CloudEvents : PayloadForm.Standard;
        var attempt = await sender.SendAsync(loaded, change.Id, form, Payload.Write(change, form), cancel);
        return new WebhookTestResult
        {
            Id = change.Id,
            Delivered = attempt.Succeeded,
            Attempt = AttemptLog.Add([], attempt)[0],
            Answer = Delivery.TextOf(attempt.Answer),
        };
    }

    /// <summary>Returns a change that is in no log: its incarnation and its account do not exist.</summary>
    public static LoggedChange Change(string webhook, DateTimeOffset now) => new(
        default, ObjectId.NewIncarnation(), 1, "", ChangeType.WebhookTest, now, 0, 0, null, null, "{}"u8.ToArray(), JsonSerializer.SerializeToUtf8Bytes(new { webhook }), null);
}
