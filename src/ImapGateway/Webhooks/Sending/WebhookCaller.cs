using System.Text.Json;
using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.Changes;
using ImapGateway.Mail;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;
using Microsoft.Extensions.Options;

namespace ImapGateway.Webhooks.Sending;

/// <summary>Makes the bytes of a delivery once, and sends them.</summary>
public sealed partial class WebhookCaller(
    WebhookSender sender, WebhookRights rights, IMessageTexts texts, IOptions<WebhooksOptions> options, TimeProvider time, ILogger<WebhookCaller> log)
{
    private static readonly TimeSpan TextPause = TimeSpan.FromSeconds(2);

    public ValueTask<Caller?> RightsAsync(WebhookEntity webhook, CancellationToken cancel) => rights.FindAsync(webhook, cancel);

    /// <summary>Sets the form and bytes of an item that has none yet.</summary>
    /// <param name="key">The rights of the endpoint at this moment.</param>
    /// <returns>True if the bytes must be stored before they are sent, because they cannot be made again from the log.</returns>
    public async Task<bool> WriteAsync(LoadedWebhook webhook, LaneItem item, Caller key, CancellationToken cancel)
    {
        if (item.Bytes is not null)
        {
            return false;
        }
        var form = item.Form ??= Payload.FormOf(webhook.Row, item.Change, key);
        if (!form.HasFlag(PayloadForm.Body))
        {
            item.Bytes = Payload.Write(item.Change, form);
            return false;
        }
        item.Bytes = Payload.Write(item.Change, form, await TextAsync(item.Change, cancel));
        return true;
    }

    public Task<Attempt> SendAsync(LoadedWebhook webhook, LaneItem item, CancellationToken cancel) =>
        sender.SendAsync(webhook, item.Change.Id, item.Bytes!, Payload.ContentTypeOf(item.Form!.Value), cancel);

    /// <summary>Returns the failed attempt of a delivery that the gateway itself could not send.</summary>
    public Attempt Failed(string webhook, Exception failure)
    {
        LogFailed(webhook, failure);
        return new Attempt(time.GetUtcNow(), null, AttemptError.Internal, 0, [], null);
    }

    /// <summary>Reads the text of the message. A mail server may be away for a while; after the hold time the rest of the event is worth more than its text.</summary>
    private async Task<MessageText?> TextAsync(LoggedChange change, CancellationToken cancel)
    {
        using var data = JsonDocument.Parse(change.Data);
        var message = data.RootElement.GetProperty("id").GetString()!;
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await texts.FindAsync(change.Account, message, cancel);
            }
            catch (ProblemException) when (time.GetElapsedTime(began) + TextPause <= options.Value.OrderHold)
            {
                await Task.Delay(TextPause, time, cancel);
            }
            catch (ProblemException)
            {
                return null;
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "A delivery of the webhook {Webhook} could not be sent; it counts as a failed attempt")]
    private partial void LogFailed(string webhook, Exception failure);
}
