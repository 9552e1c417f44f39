using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using ImapGateway.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace ImapGateway.Changes;

/// <summary>Some changes of a feed, oldest first.</summary>
/// <param name="Items">None where nothing new suits.</param>
/// <param name="NextAfter" example="a_k3v7q2mz_42">`after` of the next request, also where there are no items.</param>
public sealed record ChangePage(ImmutableArray<ChangeRecord> Items, string NextAfter);

/// <summary>What has become of an account, or of its mailboxes and messages. Feed, events and webhooks give the same bytes.</summary>
/// <param name="Id" example="e_k3v7q2mzbk">The same wherever the change is told of, and however often: what was handled once need not be handled again.</param>
/// <param name="Type" example="message.flags_changed">What has happened.</param>
/// <param name="Timestamp" example="2026-05-31T12:00:00Z">When the gateway noticed it.</param>
/// <param name="Account" example="acc_k3v7q2mzp4x6a">The id of the account.</param>
/// <param name="Metadata" example="{&quot;customer&quot;: &quot;4711&quot;}">The client's notes on the account at that time.</param>
/// <param name="Sequence" example="42">A whole number; without gaps, and increasing, in each account.</param>
/// <param name="Data" example="{&quot;id&quot;: &quot;m_k3v7q2mzbc&quot;, &quot;mailboxId&quot;: &quot;b_k3v7q2mzb&quot;, &quot;added&quot;: [&quot;$seen&quot;], &quot;removed&quot;: [], &quot;flags&quot;: [&quot;$seen&quot;]}">By the type: see the schemas of events. Without mail.readBasic a key gets of messages and mailboxes their ids only.</param>
public sealed record ChangeRecord(
    string Id, string Type, DateTimeOffset Timestamp, string Account, ImmutableDictionary<string, string> Metadata, string Sequence, ImmutableDictionary<string, JsonElement> Data);

/// <summary>200 with a page; each change as the bytes that all readers get.</summary>
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
