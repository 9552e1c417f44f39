using GraphQL.Types;
using GraphQLParser.AST;
using ImapGateway.Http;

namespace ImapGateway.GraphQL.Schema;

/// <summary>Reads and writes instants as REST does.</summary>
public sealed class InstantScalar : ScalarGraphType
{
    public InstantScalar()
    {
        Name = "DateTime";
        Description = "An instant, RFC 3339 in UTC: 2026-05-31T13:45:00Z. As input a date alone is its midnight in UTC.";
    }

    public override object? ParseLiteral(GraphQLValue value) => value switch
    {
        GraphQLStringValue text => ParseValue((string)text.Value),
        GraphQLNullValue => null,
        _ => ThrowLiteralConversionError(value),
    };

    public override object? ParseValue(object? value) => value switch
    {
        string text when Instants.TryParse(text, out var instant) => instant,
        DateTimeOffset instant => instant,
        null => null,
        _ => ThrowValueConversionError(value),
    };

    public override object? Serialize(object? value) => value switch
    {
        DateTimeOffset instant => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", System.Globalization.CultureInfo.InvariantCulture),
        null => null,
        _ => ThrowSerializationError(value),
    };
}
