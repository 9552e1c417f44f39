using System.Text.Json;
using System.Text.Json.Nodes;

namespace ImapGateway.IntegrationTests.Hostile;

/// <summary>Every argument and every member of every input type, read from the schema by introspection: as a variable, and written into the document.</summary>
public sealed class GraphPlaces(JsonElement schema, KnownValues known)
{
    public const string Introspection = """
        { __schema { types { name kind enumValues { name } inputFields { name type { ...T } } fields { name type { ...T } args { name type { ...T } } } } } }
        fragment T on __Type { name kind ofType { name kind ofType { name kind ofType { name kind } } } }
        """;

    private sealed record Field(string Parent, string Name, JsonElement Json)
    {
        public IEnumerable<JsonElement> Arguments => Json.GetProperty("args").EnumerateArray();

        public string Type => Named(Json.GetProperty("type")).GetProperty("name").GetString()!;
    }

    /// <summary>What removes objects comes last.</summary>
    public IEnumerable<HostileCall> All() => Paths().OrderBy(path => path[0].Name.StartsWith("delete", StringComparison.Ordinal))
        .SelectMany(path => path[^1].Arguments.SelectMany(argument => Of(path, argument))).Concat(Elsewhere());

    private static IEnumerable<HostileCall> Elsewhere()
    {
        yield return Post("document", new JsonObject { ["query"] = HostileCall.Hole });
        yield return Post("operationName", new JsonObject { ["query"] = "query a { feedPosition }", ["operationName"] = HostileCall.Hole });
        yield return Post("alias", new JsonObject { ["query"] = $"{{ {HostileCall.Hole}: feedPosition }}" });
        yield return Post("name of the operation", new JsonObject { ["query"] = $"query {HostileCall.Hole} {{ feedPosition }}" });
        yield return Post("name of a variable", new JsonObject { ["query"] = "{ feedPosition }", ["variables"] = new JsonObject { [HostileCall.Hole] = 1 } });
        yield return Post("a variable that is not used", new JsonObject { ["query"] = "{ feedPosition }", ["variables"] = new JsonObject { ["v"] = new JsonArray(HostileCall.Hole) } });
        yield return Post("a member that is not known", new JsonObject { ["query"] = "{ feedPosition }", [HostileCall.Hole] = 1 });
        yield return Post("extensions", new JsonObject { ["query"] = "{ feedPosition }", ["extensions"] = new JsonObject { [HostileCall.Hole] = HostileCall.Hole } });
        foreach (var (name, rest) in new[] { ("query", ""), ("operationName", "&query={feedPosition}"), ("variables", "&query={feedPosition}"), ("extensions", "&query={feedPosition}") })
        {
            yield return new($"GET /graphql {name}", HttpMethod.Get, $"/graphql?{name}={HostileCall.Hole}{rest}");
        }
        yield return new("GET /graphql a variable", HttpMethod.Get, $"/graphql?query={{feedPosition}}&variables={{\"v\":\"{HostileCall.Hole}\"}}");
    }

    private IEnumerable<HostileCall> Of(List<Field> path, JsonElement argument)
    {
        var name = argument.GetProperty("name").GetString()!;
        var type = argument.GetProperty("type");
        var label = $"{string.Join('.', path.Select(field => field.Name))}({name}";
        foreach (var (at, value) in Variants("", type))
        {
            var variables = new JsonObject { ["v"] = value };
            yield return Post($"{label}{at}) variable", new JsonObject { ["query"] = $"{Operation(path)}($v: {Notation(type)}) {{ {Selection(path, name, "$v")} }}", ["variables"] = variables });
            yield return Post($"{label}{at}) literal", new JsonObject { ["query"] = $"{Operation(path)} {{ {Selection(path, name, Literal(value))} }}" });
        }
    }

    private static HostileCall Post(string place, JsonObject body) => new($"graphql {place}", HttpMethod.Post, "/graphql", body.ToJsonString());

    private static string Operation(List<Field> path) => path[0].Parent.ToLowerInvariant();

    /// <summary>A shortest way to each field that has arguments.</summary>
    private IEnumerable<List<Field>> Paths()
    {
        var seen = new HashSet<string> { "Query", "Mutation", "Subscription" };
        var ways = new Queue<(string Type, List<Field> Way)>(seen.Select(root => (root, new List<Field>())));
        while (ways.TryDequeue(out var next))
        {
            foreach (var field in FieldsOf(next.Type))
            {
                List<Field> way = [.. next.Way, field];
                if (field.Arguments.Any())
                {
                    yield return way;
                }
                if (next.Type is not ("Mutation" or "Subscription") && seen.Add(field.Type))
                {
                    ways.Enqueue((field.Type, way));
                }
            }
        }
    }

    private IEnumerable<Field> FieldsOf(string type) =>
        TypeOf(type) is { ValueKind: JsonValueKind.Object } found && found.GetProperty("fields") is { ValueKind: JsonValueKind.Array } fields
            ? fields.EnumerateArray().Select(field => new Field(type, field.GetProperty("name").GetString()!, field))
            : [];

    private string Selection(List<Field> way, string attacked, string value)
    {
        var text = "";
        for (var i = way.Count - 1; i >= 0; i--)
        {
            var isLast = i == way.Count - 1;
            var given = way[i].Arguments
                .Where(argument => (isLast && argument.GetProperty("name").GetString() == attacked) || argument.GetProperty("type").GetProperty("kind").GetString() == "NON_NULL")
                .Select(argument => (Name: argument.GetProperty("name").GetString()!, Type: argument.GetProperty("type")))
                .Select(argument => $"{argument.Name}: {(isLast && argument.Name == attacked ? value : Literal(Complete(way[i].Type, argument.Name, argument.Type)))}")
                .ToList();
            // It has to be one that is there.
            if (!isLast && given.Count == 0 && way[i].Name == "mailbox")
            {
                given.Add("role: INBOX");
            }
            var below = !isLast ? $"{{ {text} }}" : way[i].Type.EndsWith("Payload", StringComparison.Ordinal) ? "{ errors { code } }" : FieldsOf(way[i].Type).Any() || TypeOf(way[i].Type).GetProperty("kind").GetString() is "INTERFACE" or "UNION" ? "{ __typename }" : "";
            text = $"{way[i].Name}{(given.Count > 0 ? $"({string.Join(", ", given)})" : "")} {below}";
        }
        return text;
    }

    /// <summary>The type's value once for each scalar in it, with the hole there.</summary>
    private IEnumerable<(string At, JsonNode Value)> Variants(string owner, JsonElement type, int depth = 0)
    {
        var kind = type.GetProperty("kind").GetString();
        var name = type.GetProperty("name").GetString() ?? "";
        switch (kind)
        {
            case "NON_NULL":
                foreach (var variant in Variants(owner, type.GetProperty("ofType"), depth))
                {
                    yield return variant;
                }
                break;
            case "LIST":
                foreach (var (at, value) in Variants(owner, type.GetProperty("ofType"), depth + 1))
                {
                    yield return ($"/0{at}", new JsonArray(value));
                }
                break;
            case "INPUT_OBJECT" when depth < 5:
                foreach (var field in TypeOf(name).GetProperty("inputFields").EnumerateArray())
                {
                    foreach (var (at, value) in Variants(name, field.GetProperty("type"), depth + 1))
                    {
                        var whole = CompleteObject(name);
                        if (field.GetProperty("name").GetString() == "accessToken")
                        {
                            whole.Remove("password");
                        }
                        whole[field.GetProperty("name").GetString()!] = value;
                        yield return ($"/{field.GetProperty("name").GetString()}{at}", whole);
                    }
                }
                break;
            default:
                yield return ("", HostileCall.Hole);
                break;
        }
    }

    private JsonObject CompleteObject(string type)
    {
        var json = new JsonObject();
        foreach (var field in TypeOf(type).GetProperty("inputFields").EnumerateArray())
        {
            var name = field.GetProperty("name").GetString()!;
            if (field.GetProperty("type").GetProperty("kind").GetString() == "NON_NULL" || KnownValues.IsNeeded(type, name))
            {
                json[name] = Complete(type, name, field.GetProperty("type"));
            }
        }
        return json;
    }

    private JsonNode Complete(string owner, string name, JsonElement type)
    {
        var named = Named(type);
        var isList = (type.GetProperty("kind").GetString() == "NON_NULL" ? type.GetProperty("ofType") : type).GetProperty("kind").GetString() == "LIST";
        return isList ? new JsonArray() : known.Member(owner, name) ?? named.GetProperty("kind").GetString() switch
        {
            "INPUT_OBJECT" => CompleteObject(named.GetProperty("name").GetString()!),
            "ENUM" => TypeOf(named.GetProperty("name").GetString()!).GetProperty("enumValues")[0].GetProperty("name").GetString()!,
            _ => named.GetProperty("name").GetString() switch
            {
                "Int" or "Long" => 1,
                "Boolean" => false,
                "DateTime" => "2026-01-01T00:00:00Z",
                _ => "x",
            },
        };
    }

    /// <summary>Names of enum values stand without quotes.</summary>
    private static string Literal(JsonNode value) => value switch
    {
        JsonObject members => $"{{{string.Join(", ", members.Select(member => $"{member.Key}: {Literal(member.Value!)}"))}}}",
        JsonArray items => $"[{string.Join(", ", items.Select(item => Literal(item!)))}]",
        _ when value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is "NONE" or "INBOX" => value.GetValue<string>(),
        _ => value.ToJsonString().Replace(HostileCall.Hole, HostileCall.DocumentHole, StringComparison.Ordinal),
    };

    private static string Notation(JsonElement type) => type.GetProperty("kind").GetString() switch
    {
        "NON_NULL" => Notation(type.GetProperty("ofType")) + "!",
        "LIST" => $"[{Notation(type.GetProperty("ofType"))}]",
        _ => type.GetProperty("name").GetString()!,
    };

    private static JsonElement Named(JsonElement type) => type.GetProperty("kind").GetString() is "NON_NULL" or "LIST" ? Named(type.GetProperty("ofType")) : type;

    private JsonElement TypeOf(string name) => schema.GetProperty("types").EnumerateArray().FirstOrDefault(type => type.GetProperty("name").GetString() == name);
}
