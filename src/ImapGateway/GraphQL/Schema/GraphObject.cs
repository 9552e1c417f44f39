using GraphQL.Types;
using ImapGateway.GraphQL.Fields;

namespace ImapGateway.GraphQL.Schema;

/// <summary>The fields of an object type. Types are written as in SDL; descriptions are read by users of the graph.</summary>
/// <typeparam name="T">The type that its fields are read from.</typeparam>
public sealed class GraphObject<T>(ObjectGraphType type)
{
    public GraphField Leaf(string name, string of, Func<T, string?> read, string description) => Add(new TextField<T>(read), name, of, description);

    public GraphField Leaf(string name, string of, Func<T, bool> read, string description) => Add(new FlagField<T>(read), name, of, description);

    public GraphField Leaf(string name, string of, Func<T, long?> read, string description) => Add(new NumberField<T>(read), name, of, description);

    public GraphField Leaf(string name, string of, Func<T, DateTimeOffset?> read, string description) => Add(new InstantField<T>(read), name, of, description);

    public GraphField Leaf(string name, string of, Func<T, IReadOnlyList<string>?> read, string description) => Add(new TextsField<T>(read), name, of, description);

    public GraphField Choice<TEnum>(string name, string of, Func<T, TEnum?> read, string description) where TEnum : struct, Enum => Add(new ChoiceField<T, TEnum>(read), name, of, description);

    /// <summary>Adds a field for an object, or a list of objects, that exists already.</summary>
    public GraphField Part(string name, string of, Func<T, object?> read, string description) => Add(new PartField(source => read((T)source)), name, of, description);

    /// <param name="resolve">Resolves the field. An expected failure is a <see cref="Mail.ProblemException"/>.</param>
    public GraphField Field<TResult>(string name, string of, Func<T, FieldCall, Task<TResult>> resolve, string description, params GraphArgument[] arguments) =>
        Add(new ResolvedField(async (source, call) => await resolve((T)source, call)), name, of, description, arguments);

    /// <summary>Adds a field of the subscription type.</summary>
    public GraphField Stream(string name, string of, Func<FieldCall, IAsyncEnumerable<StreamedItem>> open, string description, params GraphArgument[] arguments) =>
        Add(new StreamedField(open), name, of, description, arguments);

    public GraphObject<T> Implements(string name)
    {
        type.Metadata[GraphBuilder.Interfaces] = name;
        return this;
    }

    private GraphField Add(GraphField field, string name, string of, string description, params GraphArgument[] arguments)
    {
        field.Name = name;
        field.Description = description;
        field.ResolvedType = Notation.Parse(of);
        field.Arguments = arguments.Length == 0 ? null : new QueryArguments(arguments.Select(argument => argument.ToQueryArgument()));
        var engine = new EngineResolver(field);
        field.Resolver = engine;
        field.StreamResolver = field is StreamedField ? engine : null;
        type.AddField(field);
        return field;
    }
}

/// <summary>An argument of a field.</summary>
/// <param name="Of">The type as SDL writes it.</param>
/// <param name="Default">The value that the resolver gets if the argument is missing.</param>
public sealed record GraphArgument(string Name, string Of, string Description, object? Default = null)
{
    public QueryArgument ToQueryArgument() => new(Notation.Parse(Of)) { Name = Name, Description = Description, DefaultValue = Default };
}

/// <summary>The fields of an input type.</summary>
public sealed class GraphInput(InputObjectGraphType type)
{
    public GraphInput Field(string name, string of, string description, object? @default = null)
    {
        type.AddField(new FieldType { Name = name, Description = description, ResolvedType = Notation.Parse(of), DefaultValue = @default });
        return this;
    }
}
