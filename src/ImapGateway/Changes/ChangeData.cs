using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ImapGateway.Http;
using ImapGateway.Mail;
using Microsoft.AspNetCore.Http.Json;

namespace ImapGateway.Changes;

/// <summary>Reads and writes the bytes of a change's data. They are made once, when the change is written, and every later reader gets the same bytes.</summary>
public static class ChangeData
{
    /// <summary>The longest list in a summary: a message to a thousand recipients must not make every event of it huge.</summary>
    public const int MostAddresses = 100;

    private static readonly JsonSerializerOptions Json = Options();

    /// <summary>The options for reading rows, which may have been written by other versions.</summary>
    private static readonly JsonSerializerOptions Lenient = new(Json) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip, RespectRequiredConstructorParameters = false };

    private sealed record Truncation(ImmutableArray<string> Truncated);

    private sealed record AccountData(string? Reason, string? Detail);

    /// <summary>Returns the data as a JSON object without the summary.</summary>
    /// <param name="truncated">The names of the summary's lists that were cut.</param>
    public static byte[] Of(Change change, ImmutableArray<string> truncated)
    {
        var data = JsonSerializer.SerializeToUtf8Bytes(change, change.GetType(), Json);
        if (truncated.IsEmpty)
        {
            return data;
        }
        // Both are JSON objects with members: {..} and {..} become {..,..}.
        var more = JsonSerializer.SerializeToUtf8Bytes(new Truncation(truncated), Json);
        return [.. data.AsSpan(0, data.Length - 1), (byte)',', .. more.AsSpan(1)];
    }

    /// <summary>Returns the written change, as far as its bytes show it: without the places and the summary.</summary>
    public static Change Read(ChangeType type, byte[] data) => type switch
    {
        ChangeType.MessageAdded => Read<MessageAdded>(data),
        ChangeType.MessageFlagsChanged => Read<MessageFlagsChanged>(data),
        ChangeType.MessageMoved => Read<MessageMoved>(data),
        ChangeType.MessageRemoved => Read<MessageRemoved>(data),
        ChangeType.MailboxAdded => Read<MailboxAdded>(data),
        ChangeType.MailboxRenamed => Read<MailboxRenamed>(data),
        ChangeType.MailboxRemoved => Read<MailboxRemoved>(data),
        ChangeType.MailboxReset => Read<MailboxReset>(data),
        _ => AccountOf(type, Read<AccountData>(data)),
    };

    private static AccountChanged AccountOf(ChangeType type, AccountData data) => new(type, data.Reason, data.Detail);

    public static IReadOnlyList<string> ReadTruncated(byte[] data) => Read<Truncation>(data) is { Truncated: { IsDefault: false } names } ? names : [];

    public static Message ReadSummary(byte[] summary) => Read<Message>(summary);

    /// <summary>Returns the metadata in the order of their names.</summary>
    public static IEnumerable<KeyValuePair<string, string>> ReadMetadata(byte[] metadata) => Read<Dictionary<string, string>>(metadata).OrderBy(note => note.Key, StringComparer.Ordinal);

    private static T Read<T>(byte[] json) => JsonSerializer.Deserialize<T>(json, Lenient)!;

    public static byte[] Of(Message summary) => JsonSerializer.SerializeToUtf8Bytes(summary, Json);

    public static byte[] Of(IReadOnlyDictionary<string, string> metadata) => JsonSerializer.SerializeToUtf8Bytes(metadata, Json);

    /// <summary>Returns the summary with no list longer than <see cref="MostAddresses"/>, and the names of the lists that were cut.</summary>
    public static (Message Summary, ImmutableArray<string> Truncated) Cut(Message message)
    {
        var truncated = ImmutableArray.CreateBuilder<string>();
        ImmutableArray<T> Short<T>(ImmutableArray<T> list, string name)
        {
            if (list.Length <= MostAddresses)
            {
                return list;
            }
            truncated.Add(name);
            return list[..MostAddresses];
        }
        var summary = message with
        {
            InReplyTo = Short(message.InReplyTo, "inReplyTo"),
            References = Short(message.References, "references"),
            From = Short(message.From, "from"),
            Sender = Short(message.Sender, "sender"),
            ReplyTo = Short(message.ReplyTo, "replyTo"),
            To = Short(message.To, "to"),
            Cc = Short(message.Cc, "cc"),
            Bcc = Short(message.Bcc, "bcc"),
            Attachments = Short(message.Attachments, "attachments"),
            Headers = null,
            Body = null,
        };
        return (summary, truncated.ToImmutable());
    }

    private static JsonSerializerOptions Options()
    {
        var http = new JsonOptions();
        StrictJson.Configure(http);
        return new JsonSerializerOptions(http.SerializerOptions)
        {
            DefaultIgnoreCondition = JsonIgnoreCondition.Never,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOut } },
        };
    }

    /// <summary>Removes the properties that are not members of data, and null members.</summary>
    private static void LeaveOut(JsonTypeInfo type)
    {
        if (!type.Type.IsAssignableTo(typeof(Change)))
        {
            return;
        }
        foreach (var member in type.Properties.ToList())
        {
            if (member.Name is "type" or "at" or "from" or "message")
            {
                type.Properties.Remove(member);
            }
            else
            {
                member.ShouldSerialize = static (_, value) => value is not null;
            }
        }
    }
}
