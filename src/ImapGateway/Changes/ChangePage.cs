using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using ImapGateway.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace ImapGateway.Changes;

/// <summary>A page of changes of a feed, oldest first.</summary>
/// <param name="Items">The changes. Empty if there is no new change that matches.</param>
/// <param name="NextAfter" example="a_k3v7q2mz_42">The value of `after` for the next request, also if there are no items.</param>
public sealed record ChangePage(ImmutableArray<ChangeRecord> Items, string NextAfter);

/// <summary>A change of an account, or of its mailboxes and messages. Feed, events and webhooks give the same bytes.</summary>
/// <param name="Id" example="e_k3v7q2mzbk">The id of the change. It is the same in every channel and every repetition: a client that has handled it once can ignore it the next time.</param>
/// <param name="Type" example="message.flags_changed">The type of the change.</param>
/// <param name="Timestamp" example="2026-05-31T12:00:00Z">The time at which the gateway noticed the change.</param>
/// <param name="Account" example="acc_k3v7q2mzp4x6a">The id of the account.</param>
/// <param name="Metadata" example="{&quot;customer&quot;: &quot;4711&quot;}">The client's metadata of the account at that time.</param>
/// <param name="Sequence" example="42">The sequence number in the account: a whole number that increases without gaps.</param>
/// <param name="Data" example="{&quot;id&quot;: &quot;m_k3v7q2mzbc&quot;, &quot;mailboxId&quot;: &quot;b_k3v7q2mzb&quot;, &quot;added&quot;: [&quot;$seen&quot;], &quot;removed&quot;: [], &quot;flags&quot;: [&quot;$seen&quot;]}">The content by type: see the schemas of events. Without mail.readBasic a key gets only the ids of messages and mailboxes.</param>
public sealed record ChangeRecord(
    string Id, string Type, DateTimeOffset Timestamp, string Account, ImmutableDictionary<string, string> Metadata, string Sequence, ImmutableDictionary<string, JsonElement> Data);

/// <summary>Returns 200 with a page. Each change has the bytes that all readers get.</summary>
public sealed class ChangePageResult(FeedPage page, string nextAfter) : IResult, IEndpointMetadataProvider
{
    private static readonly JsonWriterOptions Options = new() { Encoder = StrictJson.Encoder, SkipValidation = true };

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = "application/json; charset=utf-8";
        httpContext.Response.Headers.CacheControl = "no-store";
        await using (var json = new Utf8JsonWriter(httpContext.Response.BodyWriter, Options))
        {
            json.WriteStartObject();
            json.WriteStartArray("items");
            foreach (var change in page.Items)
            {
                json.WriteRawValue(change.ToJson(page.View), skipInputValidation: true);
            }
            json.WriteEndArray();
            json.WriteString("nextAfter", nextAfter);
            json.WriteEndObject();
        }
        await httpContext.Response.BodyWriter.FlushAsync(httpContext.RequestAborted);
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(ChangePage), ["application/json"]));
}
