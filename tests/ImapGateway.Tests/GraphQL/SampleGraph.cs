using ImapGateway.Access;
using ImapGateway.GraphQL.Fields;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Mail;

namespace ImapGateway.Tests.GraphQL;

public enum Mood
{
    VeryHappy,
    Sad,
}

/// <summary>A small graph with everything that can go right and wrong in one.</summary>
public sealed class SampleGraph : IGraph
{
    private sealed record Person(string Id, string Name, Mood? Mood, int Age);

    private sealed record Pet(string Id, Person Owner);

    private static readonly Person[] People = [new("p1", "Anna", GraphQL.Mood.VeryHappy, 40), new("p2", "Ben", null, 7), new("p3", "Cleo", GraphQL.Mood.Sad, 3)];

    /// <summary>How many keys were read together, each time.</summary>
    public List<int> Loads { get; } = [];

    /// <summary>What the slow fields wait for.</summary>
    public TaskCompletionSource Slow { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public List<string> Order { get; } = [];

    public void Build(GraphBuilder graph)
    {
        graph.Enum<Mood>("Mood", "A mood.", (GraphQL.Mood.VeryHappy, "Good."), (GraphQL.Mood.Sad, "Bad."));
        graph.Input("PersonFilter", "Which people.").Field("name", "String", "Its name.").Field("moods", "[Mood!]", "One of these.").Field("since", "DateTime", "Ignored.");
        var person = graph.Object<Person>("Person", "A person.").Implements("Node");
        person.Leaf("id", "ID!", one => one.Id, "Its id.");
        person.Leaf("name", "String!", one => one.Name, "Its name.");
        person.Choice<Mood>("mood", "Mood", one => one.Mood, "How it feels.");
        person.Leaf("age", "Int!", one => one.Age, "In years.");
        person.Leaf("big", "Long!", one => one.Age + (1L << 40), "Large.");
        person.Leaf("isChild", "Boolean!", one => one.Age < 18, "Young.");
        person.Leaf("bornAt", "DateTime", one => new DateTimeOffset(2026 - one.Age, 5, 31, 12, 0, 0, TimeSpan.FromHours(2)), "When.");
        person.Leaf("nicknames", "[String!]!", one => new[] { one.Name[..1], one.Name.ToLowerInvariant() }, "Others.");
        person.Part("self", "Person!", one => one, "The same.");
        person.Part("parent", "Person", one => one.Age > 18 ? null : People[0], "Another.");
        person.Part("parents", "[Person!]!", one => one.Age > 18 ? [] : new[] { People[0], People[0] }, "Others.");
        person.Field("friend", "Person", async (one, _) => await Later(People[(Array.IndexOf(People, one) + 1) % 3]), "Another.");
        person.Field("friends", "[Person!]", async (one, _) => await Later(People.Where(other => other != one).ToArray()), "Others.");
        person.Field("sad", "String", (one, _) => one.Mood == GraphQL.Mood.Sad ? throw new ProblemException(ErrorCode.Conflict, $"{one.Name} is sad.") : Later("no"), "Fails for some.");
        person.Field("sadRequired", "String!", async (one, _) => await Later("") == "" && one.Mood == GraphQL.Mood.Sad ? throw new ProblemException(ErrorCode.Conflict, $"{one.Name} is sad.") : "no", "Fails for some, and takes them away.");
        person.Field("loaded", "String", async (one, call) => await call.LoadAsync<string, string>("names", one.Id, LoadAsync), "Read together.");
        person.Field("pet", "Pet", (one, _) => Task.FromResult(one.Age > 18 ? null : new Pet("t" + one.Id, one)), "An animal.");
        var pet = graph.Object<Pet>("Pet", "An animal.").Implements("Node");
        pet.Leaf("id", "ID!", one => one.Id, "Its id.");
        pet.Part("owner", "Person!", one => one.Owner, "Whose it is.");
        pet.Field("lateOwner", "Person!", async (one, _) => await Later(one.Owner), "Whose it is, later.");
        graph.Node("p", (_, id) => Task.FromResult<object?>(People.FirstOrDefault(one => one.Id == id)));
        graph.Node("broken", (_, id) => Task.FromException<object?>(new ProblemException(ErrorCode.AccountUnavailable, id)));
        graph.Node("t", (_, id) => Later<object?>(People.Where(one => "t" + one.Id == id).Select(one => new Pet(id, one)).FirstOrDefault()));

        var query = graph.Query;
        query.Field("person", "Person", (_, call) => Task.FromResult(People.FirstOrDefault(one => one.Id == call.Text("id"))), "One.", new GraphArgument("id", "ID!", "Its id."));
        query.Field("people", "[Person!]!", async (_, call) => await Later(Found(call)), "All.", new("first", "Int", "How many.", 3), new("filter", "PersonFilter", "Which.")).Counts(call => call.Number("first") ?? 3);
        query.Field("maybePeople", "[Person]", async (_, call) => await Later(new[] { People[0], null, People[2] }), "Some.");
        query.Field("echo", "String", (_, call) => Task.FromResult<string?>($"{call.Text("text")} {call.Number("number")} {call.Flag("flag")} {call.Choice<Mood>("mood")} {string.Join(',', call.Texts("texts") ?? [])}"), "What was given.",
            new("text", "String", "Text.", "default"), new("number", "Int", "Number."), new("flag", "Boolean", "Flag."), new("mood", "Mood", "Mood.", GraphQL.Mood.Sad), new("texts", "[String!]", "Texts."));
        query.Field("nothing", "String", (_, _) => Task.FromResult<string?>(null), "Null.");
        query.Field("nothingRequired", "String!", (_, _) => Later<string?>(null), "Null where none may be.");
        query.Field("fails", "Int", (_, _) => Task.FromException<int>(new ProblemException(ErrorCode.NotFound, "Not there.")), "Fails.");
        query.Field("secret", "String", (_, _) => Task.FromResult("secret"), "For admins.").Requires(Scope.Admin);
        query.Field("slow", "Int", async (_, call) => { await Slow.Task.WaitAsync(call.Cancel); return 1; }, "Waits.");
        query.Field("before", "Int", async (_, _) => { await Later(1); Note("before"); return 1; }, "Known first.").First();
        query.Field("after", "Int", (_, _) => { Note("after"); return Task.FromResult(2); }, "Later.");
        graph.Mutation.Field("note", "Int", async (_, call) => { await Later(1); Note(call.Text("text")!); return Order.Count; }, "Notes.", new GraphArgument("text", "String!", "What."));
    }

    private static IEnumerable<Person> Found(FieldCall call)
    {
        var filter = call.Members("filter");
        var moods = filter?.GetValueOrDefault("moods") as IEnumerable<object?>;
        return People.Where(one => filter?.GetValueOrDefault("name") is not string name || one.Name == name).Where(one => moods is null || moods.Contains(one.Mood)).Take(call.Number("first") ?? 3);
    }

    private async Task<IReadOnlyDictionary<string, string>> LoadAsync(IReadOnlyList<string> ids)
    {
        lock (Loads)
        {
            Loads.Add(ids.Count);
        }
        return await Later(ids.ToDictionary(id => id, id => "loaded " + id));
    }

    private void Note(string what)
    {
        lock (Order)
        {
            Order.Add(what);
        }
    }

    private static async Task<T> Later<T>(T value)
    {
        await Task.Yield();
        return value;
    }
}
