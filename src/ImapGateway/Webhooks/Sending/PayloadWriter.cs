using System.Text.Json;
using ImapGateway.Accounts;
using ImapGateway.Changes;
using ImapGateway.Mail;
using Microsoft.Extensions.Options;

namespace ImapGateway.Webhooks.Sending;

/// <summary>Writes the bytes of deliveries, with the text of the message if the endpoint wants it. The text is asked of the mail server.</summary>
public sealed class PayloadWriter(IMessageTexts texts, IOptions<WebhooksOptions> options, TimeProvider time)
{
    private static readonly TimeSpan TextPause = TimeSpan.FromSeconds(2);

    public async ValueTask<byte[]> WriteAsync(LoggedChange change, PayloadForm form, CancellationToken cancel) =>
        form.HasFlag(PayloadForm.Body) ? Payload.Write(change, form, await TextAsync(change, cancel)) : Payload.Write(change, form);

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
}
