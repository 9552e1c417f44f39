using System.Buffers;
using System.Globalization;
using System.Text.Json;
using ImapGateway.Http;

namespace ImapGateway.Changes;

/// <summary>Writes the record that feed, events and webhooks give: <c>{id, type, timestamp, account, metadata, sequence, data}</c>. Equal rows give equal bytes.</summary>
public static class ChangeJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = StrictJson.Encoder, SkipValidation = true };

    public static byte[] ToBytes(LoggedChange change, ChangeView view)
    {
        var bytes = new ArrayBufferWriter<byte>(256 + change.Data.Length + (change.Message?.Length ?? 0));
        using (var json = new Utf8JsonWriter(bytes, Options))
        {
            Write(json, change, view);
        }
        return bytes.WrittenSpan.ToArray();
    }

    public static void Write(Utf8JsonWriter json, LoggedChange change, ChangeView view)
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
        if (view != ChangeView.Ids && change.Message is { } message)
        {
            json.WriteRawValue(With(change.Data, view == ChangeView.Full ? message : WithoutPreview(message)), skipInputValidation: true);
        }
        else if (view != ChangeView.Ids || change.Type is not (>= ChangeType.MessageAdded and <= ChangeType.MailboxReset))
        {
            json.WriteRawValue(change.Data, skipInputValidation: true);
        }
        else
        {
            WriteIds(json, change.Data);
        }
        json.WriteEndObject();
    }

    /// <summary>Writes the ids only, because paths and flags are information about the mail too.</summary>
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

    /// <summary>Returns the same bytes without the member <c>preview</c>, which is never the first.</summary>
    private static byte[] WithoutPreview(byte[] message)
    {
        var reader = new Utf8JsonReader(message);
        for (var end = 0; reader.Read(); end = (int)reader.BytesConsumed)
        {
            if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("preview"u8))
            {
                reader.Skip();
                return [.. message.AsSpan(0, end), .. message.AsSpan((int)reader.BytesConsumed)];
            }
        }
        return message;
    }

    /// <summary>Returns the members of <paramref name="data"/>, which always has some, and <c>message</c>.</summary>
    private static byte[] With(byte[] data, byte[] message) => [.. data.AsSpan(0, data.Length - 1), .. ",\"message\":"u8, .. message, (byte)'}'];
}
