namespace ImapGateway.Responses;

/// <summary>A member is one thing in the code and a narrower one on the wire: a string that is one of the names of an enum, say.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SchemaOfAttribute(Type type) : Attribute
{
    public Type Type => type;
}
