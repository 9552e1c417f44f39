using System.Text.Json;
using System.Text.Json.Nodes;

namespace ImapGateway.IntegrationTests.Hostile;

/// <summary>Every parameter and every member of every body, read from the OpenAPI document.</summary>
public sealed class RestPlaces(JsonElement document, KnownValues known)
{
    /// <summary>What removes objects comes last, the objects that others lie in at the very end.</summary>
    public IEnumerable<HostileCall> All() => Operations().OrderBy(operation => operation.Method == HttpMethod.Delete).ThenByDescending(operation => operation.Method == HttpMethod.Delete ? operation.Path.Length : 0)
        .SelectMany(operation => Of(operation.Path, operation.Method, operation.Json));

    private IEnumerable<(string Path, HttpMethod Method, JsonElement Json)> Operations() =>
        from path in document.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        where operation.Value.ValueKind == JsonValueKind.Object && operation.Value.TryGetProperty("operationId", out _)
        select (path.Name, HttpMethod.Parse(operation.Name), operation.Value);

    private IEnumerable<HostileCall> Of(string path, HttpMethod method, JsonElement operation)
    {
        var schema = operation.TryGetProperty("requestBody", out var body) ? body.GetProperty("content").GetProperty("application/json").GetProperty("schema") : default;
        var whole = schema.ValueKind == JsonValueKind.Undefined ? null : Complete(schema).ToJsonString();
        foreach (var parameter in operation.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray() : default)
        {
            var (name, place) = (parameter.GetProperty("name").GetString()!, parameter.GetProperty("in").GetString()!);
            var label = $"{method} {path} {place} {name}";
            switch (place)
            {
                case "path":
                    yield return new(label, method, Filled(path.Replace($"{{{name}}}", HostileCall.Hole, StringComparison.Ordinal)), whole);
                    break;
                case "header":
                    yield return new(label, method, Filled(path), whole, name);
                    break;
                case "query" when parameter.GetProperty("schema").TryGetProperty("additionalProperties", out _):
                    yield return new(label + " key", method, $"{Filled(path)}?{name}.{HostileCall.Hole}=a");
                    yield return new(label + " value", method, $"{Filled(path)}?{name}.a={HostileCall.Hole}", whole);
                    break;
                default:
                    yield return new(label, method, $"{Filled(path)}?{name}={HostileCall.Hole}", whole);
                    break;
            }
        }
        if (whole is null)
        {
            yield break;
        }
        foreach (var (at, json) in Variants(schema))
        {
            yield return new($"{method} {path} body {at}", method, Filled(path), json.ToJsonString());
        }
    }

    private string Filled(string path)
    {
        var segments = path.Split('/');
        for (var i = 0; i < segments.Length; i++)
        {
            segments[i] = segments[i].StartsWith('{') ? Uri.EscapeDataString(known.Find(segments[i - 1], segments[i].Trim('{', '}')) ?? "x") : segments[i];
        }
        return string.Join('/', segments);
    }

    /// <summary>The schema's object once for each text in it, with the hole there.</summary>
    private IEnumerable<(string At, JsonNode Json)> Variants(JsonElement schema, int depth = 0)
    {
        var (name, resolved) = Resolve(schema);
        if (depth > 5)
        {
            yield break;
        }
        if (resolved.TryGetProperty("properties", out var properties))
        {
            foreach (var property in properties.EnumerateObject())
            {
                foreach (var (at, value) in Variants(property.Value, depth + 1))
                {
                    var whole = (JsonObject)Complete(schema);
                    if (property.Name == "accessToken")
                    {
                        whole.Remove("password");
                    }
                    whole[property.Name] = value;
                    yield return ($"/{property.Name}{at}", whole);
                }
            }
            // The name of a member, too.
            yield return ("/*", ((JsonObject)Complete(schema)).DeepClone() is JsonObject other && other.TryAdd(HostileCall.Hole, 1) ? other : throw new InvalidOperationException(name));
        }
        else if (resolved.TryGetProperty("additionalProperties", out var values) && values.ValueKind == JsonValueKind.Object)
        {
            yield return ("/*", new JsonObject { [HostileCall.Hole] = "a" });
            yield return ("/a", new JsonObject { ["a"] = HostileCall.Hole });
        }
        else if (resolved.TryGetProperty("items", out var items))
        {
            foreach (var (at, value) in Variants(items, depth + 1))
            {
                yield return ($"/0{at}", new JsonArray(value));
            }
        }
        else
        {
            yield return ("", HostileCall.Hole);
        }
    }

    private JsonNode Complete(JsonElement schema)
    {
        var (name, resolved) = Resolve(schema);
        if (!resolved.TryGetProperty("properties", out var properties))
        {
            return resolved.TryGetProperty("items", out _) ? new JsonArray() : JsonValue.Create("x");
        }
        var required = resolved.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(one => one.GetString()).ToHashSet() : [];
        var json = new JsonObject();
        foreach (var property in properties.EnumerateObject().Where(property => required.Contains(property.Name) || KnownValues.IsNeeded(name, property.Name)))
        {
            json[property.Name] = known.Member(name, property.Name) ?? Complete(property.Value);
        }
        return json;
    }

    private (string Name, JsonElement Schema) Resolve(JsonElement schema)
    {
        if (schema.TryGetProperty("anyOf", out var either))
        {
            return Resolve(either.EnumerateArray().First(one => one.TryGetProperty("$ref", out _)));
        }
        if (!schema.TryGetProperty("$ref", out var reference))
        {
            return ("", schema);
        }
        var name = reference.GetString()!.Split('/')[^1];
        return (name, document.GetProperty("components").GetProperty("schemas").GetProperty(name));
    }
}
