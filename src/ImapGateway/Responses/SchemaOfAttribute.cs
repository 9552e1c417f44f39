namespace ImapGateway.Responses;

/// <summary>Sets the schema of a member whose type is narrower on the wire than in the code: a string that is one of the names of an enum, say.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SchemaOfAttribute(Type type) : Attribute
{
    public Type Type => type;
}
