using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ImapGateway.Changes;
using ImapGateway.OpenApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ImapGateway.Tests;

public class EventSchemasTests
{
    private const string OfDocument = "#/components/schemas/";
    private const string OfEvent = "#/$defs/";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Receivers are written against these: one file for each type, complete in itself.</summary>
    [Fact]
    [Trait("Category", "golden")]
    public async Task Every_type_has_its_published_schema()
    {
        await using var gateway = Program.Build([]);
        gateway.UseEndpoints(_ => { });
        var document = JsonNode.Parse(Encoding.UTF8.GetString(gateway.Services.GetRequiredService<OpenApiText>().Json.Span))!["components"]!["schemas"]!.AsObject();
        foreach (var type in Enum.GetValues<ChangeType>())
        {
            var name = ChangeTypes.Name(type);
            var schema = new JsonObject { ["$schema"] = "https://json-schema.org/draft/2020-12/schema", ["$id"] = $"https://imapgateway.dev/events/{name}.json", ["title"] = name };
            foreach (var (key, value) in new EventSchemas(OfEvent).Of(type))
            {
                schema[key] = value?.DeepClone();
            }
            if (Definitions(schema, document) is { Count: > 0 } definitions)
            {
                schema["$defs"] = definitions;
            }
            Golden.Verify($"events/{name}.json", schema.ToJsonString(Indented) + "\n");
        }
    }

    /// <summary>What the schema refers to, and what that refers to, as the API's document has it.</summary>
    private static JsonObject Definitions(JsonObject schema, JsonObject document)
    {
        var found = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        var open = new Queue<string>(References(schema.ToJsonString()));
        while (open.TryDequeue(out var name))
        {
            if (!found.ContainsKey(name))
            {
                found[name] = JsonNode.Parse(document[name]!.ToJsonString().Replace(OfDocument, OfEvent, StringComparison.Ordinal));
                foreach (var next in References(found[name]!.ToJsonString()))
                {
                    open.Enqueue(next);
                }
            }
        }
        return new JsonObject(found);
    }

    private static IEnumerable<string> References(string json) => json.Split($"\"{OfEvent}").Skip(1).Select(rest => rest[..rest.IndexOf('"', StringComparison.Ordinal)]);
}
