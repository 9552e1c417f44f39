using System.Buffers;
using System.Globalization;
using System.Text.Json;
using ImapGateway.Http;

namespace ImapGateway.Changes;

/// <summary>The record that feed, events and webhooks give: <c>{id, type, timestamp, account, metadata, sequence, data}</c>. Equal rows give equal bytes.</summary>
public static class ChangeJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = StrictJson.Encoder, SkipValidation = true };

    /// <param name="withMessage">False for a reader without mail.readBasic: of messages and mailboxes the ids only.</param>
    public static byte[] ToBytes(LoggedChange change, bool withMessage)
    {
        var bytes = new ArrayBufferWriter<byte>(256 + change.Data.Length + (change.Message?.Length ?? 0));
        using (var json = new Utf8JsonWriter(bytes, Options))
        {
            Write(json, change, withMessage);
        }
        return bytes.WrittenSpan.ToArray();
    }

    public static void Write(Utf8JsonWriter json, LoggedChange change, bool withMessage)
    {
        json.WriteStartObject();
        json.WriteString("id", change.Id);
        json.WriteString("type", ChangeTypes.Name(change.Type));
        json.WriteString("timestamp", change.Timestamp.UtcDateTime);
        json.WriteString("account", change.Account);
        json.WritePropertyName("metadata");
        json.WriteRawValue(change.Metadata, skipInputValidation: true);
        json.WriteString("sequence", change.Sequence.ToString(CultureInfo.InvariantCulture));
        json.WritePropertyName("data");
        if (withMessage && change.Message is { } message)
        {
            json.WriteRawValue(With(change.Data, message), skipInputValidation: true);
        }
        else if (withMessage || change.Type is not (>= ChangeType.MessageAdded and <= ChangeType.MailboxReset))
        {
            json.WriteRawValue(change.Data, skipInputValidation: true);
        }
        else
        {
            WriteIds(json, change.Data);
        }
        json.WriteEndObject();
    }

    /// <summary>Paths and flags tell of the mail, too.</summary>
    private static void WriteIds(Utf8JsonWriter json, byte[] data)
    {
        using var members = JsonDocument.Parse(data);
        json.WriteStartObject();
        foreach (var member in members.RootElement.EnumerateObject().Where(member => member.Name is "id" or "mailboxId" or "fromMailboxId"))
        {
            member.WriteTo(json);
        }
        json.WriteEndObject();
    }

    /// <summary>The members of <paramref name="data"/>, which always has some, and <c>message</c>.</summary>
    private static byte[] With(byte[] data, byte[] message) => [.. data.AsSpan(0, data.Length - 1), .. ",\"message\":"u8, .. message, (byte)'}'];
}
