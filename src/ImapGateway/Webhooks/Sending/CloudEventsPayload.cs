using System.Globalization;
using System.Net.Mime;
using System.Text.Json;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.Extensions;
using CloudNative.CloudEvents.SystemTextJson;
using ImapGateway.Changes;
using ImapGateway.Http;

namespace ImapGateway.Webhooks.Sending;

/// <summary>Writes CloudEvents 1.0 in structured mode. The data is the record of the standard format, so that a receiver reads both with the same types.</summary>
public static class CloudEventsPayload
{
    public const string ContentType = "application/cloudevents+json; charset=utf-8";

    private static readonly Formatter Json = new();

    public static byte[] Write(LoggedChange change, byte[] record)
    {
        var place = change.Account.Length == 0 ? "/v1/webhooks" : "/v1/accounts/" + change.Account;
        var written = new CloudEvent(CloudEventsSpecVersion.V1_0, Partitioning.AllAttributes)
        {
            Id = change.Id,
            Source = new Uri(place, UriKind.Relative),
            Type = ChangeTypes.Name(change.Type),
            Time = change.Timestamp,
            DataContentType = MediaTypeNames.Application.Json,
            Data = record,
        };
        // The extension compares sequences as text, so all have the same length.
        written[SequenceAttribute] = change.Sequence.ToString("D19", CultureInfo.InvariantCulture);
        if (change.Account.Length > 0)
        {
            written[Partitioning.PartitionKeyAttribute] = change.Account;
        }
        return Json.EncodeStructuredModeMessage(written, out _).ToArray();
    }

    /// <summary>The sequence extension attribute. The package's own attribute is of an older version of the extension, in which it is a number.</summary>
    private static readonly CloudEventAttribute SequenceAttribute = CloudEventAttribute.CreateExtension("sequence", CloudEventAttributeType.String);

    private sealed class Formatter() : JsonEventFormatter(new JsonSerializerOptions { Encoder = StrictJson.Encoder }, default)
    {
        /// <summary>Writes the data as it is, because the record is already JSON.</summary>
        protected override void EncodeStructuredModeData(CloudEvent cloudEvent, Utf8JsonWriter writer)
        {
            writer.WritePropertyName(DataPropertyName);
            writer.WriteRawValue((byte[])cloudEvent.Data!, skipInputValidation: true);
        }
    }
}
