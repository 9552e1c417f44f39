using ImapGateway.Access;
using ImapGateway.GraphQL.Fields;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Responses;

namespace ImapGateway.Keys;

/// <summary>Adds API keys to the graph, for admins.</summary>
public sealed class KeysGraph : IGraph
{
    private const string Kind = "keys";

    public void Build(GraphBuilder graph)
    {
        var key = graph.Object<Key>("Key", "An API key. Its value is never shown.").Implements("Node");
        key.Leaf("id", "ID!", one => one.Id, "Says nothing of its value.");
        key.Leaf("name", "String!", one => one.Name, "What it is for, as its maker put it.");
        key.Leaf("scopes", "[String!]!", one => one.Scopes, "What it may do.");
        key.Leaf("accounts", "[ID!]", one => one.Accounts is { } ids ? ids : null, "Ids of the accounts it is limited to; null: all that the key which made it may see, now and later.");
        key.Leaf("expiresAt", "DateTime", one => one.ExpiresAt, "Its own end; a key never outlives the one that made it.");
        key.Leaf("createdAt", "DateTime!", one => one.CreatedAt, "When it was made.");
        key.Leaf("createdBy", "ID", one => one.CreatedBy, "The id of the key that made it; null for the admin key of the settings.");
        key.Leaf("lastUsedAt", "DateTime", one => one.LastUsedAt, "Null: never used.");
        key.Leaf("hint", "String!", one => one.Hint, "How its value begins.");
        graph.Connection<Key>("Key", "Keys, newest first.");
        graph.Query.Field("keys", "KeyConnection!", (_, call) => ListAsync(call), "The keys that the caller may see.", PageAsked.Forward).Requires(Scope.Admin).Counts(PageAsked.Size);
        graph.Node("key_", async (call, id) => call.Caller.Has(Scope.Admin) ? Key.Of(await call.Service<KeyStore>().GetAsync(call.Caller, id, call.Cancel), call.Service<KeyLookup>().LastUse(id)) : null);
    }

    private static async Task<Connection<Key>> ListAsync(FieldCall call)
    {
        var page = PageAsked.Of(call);
        var rows = await call.Service<KeyStore>().ListAsync(call.Caller, Cursor.Decode<CreatedPosition>(Kind, "", page.Cursor), page.Limit, call.Cancel);
        var lookup = call.Service<KeyLookup>();
        return new Connection<Key>(
            [.. rows.Take(page.Limit).Select(row => Key.Of(row, lookup.LastUse(row.Id)))], key => Cursor.Encode(Kind, "", new CreatedPosition(key.CreatedAt, key.Id)), rows.Count > page.Limit, page.Cursor is not null);
    }
}
