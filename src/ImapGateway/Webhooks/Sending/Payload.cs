using System.Text.Json;
using System.Text.Json.Serialization;
using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.Changes;
using ImapGateway.Http;
using ImapGateway.Webhooks.Endpoints;

namespace ImapGateway.Webhooks.Sending;

/// <summary>The form of a payload. Together with the change it decides the bytes of a delivery. It is stored with the outcome, so that later attempts send the same bytes.</summary>
[Flags]
public enum PayloadForm
{
    Standard = 0,
    CloudEvents = 1,
    /// <summary>The payload has the summary of the message; the key has mail.readBasic.</summary>
    Message = 2,
    /// <summary>The payload has the text of the message: the bytes themselves are stored.</summary>
    Body = 4,
    /// <summary>The payload has the beginning of the text in the summary; the key has mail.read.</summary>
    Preview = 8,
}

/// <summary>Writes the bytes of a delivery. Equal changes in equal form give equal bytes.</summary>
public static class Payload
{
    public const string StandardType = "application/json";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Encoder = StrictJson.Encoder, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Returns the form in which a change is first sent to an endpoint.</summary>
    /// <param name="rights">The rights of the endpoint's key.</param>
    public static PayloadForm FormOf(WebhookEntity webhook, LoggedChange change, Caller rights) =>
        (webhook.Format == WebhookFormat.CloudEvents ? PayloadForm.CloudEvents : PayloadForm.Standard)
        | ChangeViews.Of(rights) switch
        {
            ChangeView.Full => PayloadForm.Message | PayloadForm.Preview,
            ChangeView.Basic => PayloadForm.Message,
            _ => PayloadForm.Standard,
        }
        | (webhook.IncludeBody && HasBody(change) ? PayloadForm.Body : PayloadForm.Standard);

    public static string ContentTypeOf(PayloadForm form) => form.HasFlag(PayloadForm.CloudEvents) ? CloudEventsPayload.ContentType : StandardType;

    public static byte[] Write(LoggedChange change, PayloadForm form)
    {
        var record = change.ToJson(ViewOf(form));
        return form.HasFlag(PayloadForm.CloudEvents) ? CloudEventsPayload.Write(change, record) : record;
    }

    /// <param name="body">The text of the message, or null if the message is gone.</param>
    public static byte[] Write(LoggedChange change, PayloadForm form, MessageText? body) =>
        Write(change with { Message = [.. change.Message!.AsSpan(0, change.Message!.Length - 1), .. ",\"body\":"u8, .. JsonSerializer.SerializeToUtf8Bytes(body, Json), (byte)'}'] }, form);

    private static ChangeView ViewOf(PayloadForm form) =>
        form.HasFlag(PayloadForm.Preview) ? ChangeView.Full : form.HasFlag(PayloadForm.Message) ? ChangeView.Basic : ChangeView.Ids;

    /// <summary>True if the message has arrived in a mailbox and its summary is known: a text may be added to the summary.</summary>
    private static bool HasBody(LoggedChange change) => change is { Type: ChangeType.MessageAdded or ChangeType.MessageMoved, Message: not null };
}
