using GraphQL.Types;
using ImapGateway.GraphQL.Fields;

namespace ImapGateway.GraphQL.Schema;

/// <summary>Builds the graph from the types and fields of all features. It does not know the features.</summary>
public sealed class GraphBuilder
{
    internal const string Interfaces = "interfaces";

    private readonly Dictionary<string, IGraphType> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, ObjectGraphType> _byClass = [];
    private readonly List<NodeLoader> _nodes = [];

    /// <summary>The object that the root fields are read from.</summary>
    public sealed class Root
    {
        public static readonly Root Instance = new();
    }

    public GraphObject<Root> Query => Object<Root>("Query", "What can be read.");

    public GraphObject<Root> Mutation => Object<Root>("Mutation", "What can be changed; one after the other, in the order of the document.");

    public GraphObject<Root> Subscription => Object<Root>("Subscription", "What can be followed.");

    public bool IsNew(string name) => !_types.ContainsKey(name);

    /// <summary>Adds a type of the feature's own.</summary>
    public GraphObject<T> Object<T>(string name, string description)
    {
        var type = Named<ObjectGraphType>(name);
        type.Description = description;
        _byClass[typeof(T)] = type;
        return new GraphObject<T>(type);
    }

    /// <summary>Extends a type of another feature, which may be added later.</summary>
    public GraphObject<T> Extend<T>(string name) => new(Named<ObjectGraphType>(name));

    public GraphInput Input(string name, string description)
    {
        var type = Named<InputObjectGraphType>(name);
        type.Description = description;
        return new GraphInput(type);
    }

    /// <param name="values">All values, with their descriptions.</param>
    public void Enum<TEnum>(string name, string description, params (TEnum Value, string Description)[] values) where TEnum : struct, Enum
    {
        var type = Named<EnumerationGraphType>(name);
        type.Description = description;
        foreach (var (value, meaning) in values)
        {
            type.Add(new EnumValueDefinition(EnumNames<TEnum>.Of(value), value) { Description = meaning });
        }
    }

    /// <param name="fields">The name, type and description of each field.</param>
    public void Interface(string name, string description, params (string Name, string Of, string Description)[] fields)
    {
        var type = Named<InterfaceGraphType>(name);
        type.Description = description;
        type.ResolveType = source => _byClass[source.GetType()];
        foreach (var field in fields)
        {
            type.AddField(new FieldType { Name = field.Name, ResolvedType = Notation.Parse(field.Of), Description = field.Description });
        }
    }

    /// <summary>Adds how <c>node</c> finds objects of a feature.</summary>
    public void Node(string? prefix, Func<FieldCall, string, Task<object?>> load) => _nodes.Add(new NodeLoader(prefix, load));

    /// <exception cref="InvalidOperationException">The features do not fit together, which is a programming error.</exception>
    public ISchema Build()
    {
        NodeGraph.Build(this, _nodes);
        var schema = new global::GraphQL.Types.Schema { Description = "Mail of any IMAP account, as REST has it." };
        schema.Features.DeprecationOfInputValues = true;
        schema.Features.RepeatableDirectives = true;
        foreach (var type in _types.Values)
        {
            if (type is ObjectGraphType own && own.Metadata.TryGetValue(Interfaces, out var name))
            {
                own.AddResolvedInterface((IInterfaceGraphType)_types[(string)name!]);
            }
            schema.RegisterType(type);
        }
        schema.RegisterType(new InstantScalar());
        schema.RegisterType(new LongGraphType { Name = "Long", Description = "A whole number of up to 53 bits, which JSON carries exactly: IMAP's uids have 32, more than Int." });
        schema.Query = (ObjectGraphType)_types["Query"];
        schema.Mutation = _types.GetValueOrDefault("Mutation") as ObjectGraphType;
        schema.Subscription = _types.GetValueOrDefault("Subscription") as ObjectGraphType;
        schema.Initialize();
        return schema;
    }

    private T Named<T>(string name) where T : GraphType, new()
    {
        if (_types.TryGetValue(name, out var known))
        {
            return (T)known;
        }
        var type = new T { Name = name };
        _types[name] = type;
        return type;
    }
}
