using System.Text.Json;
using ImapGateway.GraphQL.Fields;

namespace ImapGateway.GraphQL.Schema;

/// <summary>A text field. It is null only if the field's type allows it.</summary>
public sealed class TextField<T>(Func<T, string?> read) : LeafField
{
    public override void Write(Utf8JsonWriter json, object source) => json.WriteStringValue(read((T)source));

    public override object? Read(object source) => read((T)source);
}

public sealed class FlagField<T>(Func<T, bool> read) : LeafField
{
    public override void Write(Utf8JsonWriter json, object source) => json.WriteBooleanValue(read((T)source));

    public override object? Read(object source) => read((T)source);
}

/// <summary>A number field. Int of GraphQL has 32 bits: larger numbers are Float, which is exact up to 53 bits.</summary>
public sealed class NumberField<T>(Func<T, long?> read) : LeafField
{
    public override void Write(Utf8JsonWriter json, object source)
    {
        if (read((T)source) is { } number)
        {
            json.WriteNumberValue(number);
            return;
        }
        json.WriteNullValue();
    }

    public override object? Read(object source) => read((T)source);
}

public sealed class InstantField<T>(Func<T, DateTimeOffset?> read) : LeafField
{
    public override void Write(Utf8JsonWriter json, object source)
    {
        if (read((T)source) is { } instant)
        {
            json.WriteStringValue(instant.UtcDateTime);
            return;
        }
        json.WriteNullValue();
    }

    public override object? Read(object source) => read((T)source);
}

public sealed class TextsField<T>(Func<T, IReadOnlyList<string>?> read) : LeafField
{
    public override void Write(Utf8JsonWriter json, object source)
    {
        if (read((T)source) is not { } texts)
        {
            json.WriteNullValue();
            return;
        }
        json.WriteStartArray();
        for (var i = 0; i < texts.Count; i++)
        {
            json.WriteStringValue(texts[i]);
        }
        json.WriteEndArray();
    }

    public override object? Read(object source) => read((T)source);
}

/// <summary>A field with an enum value, by its name in the graph.</summary>
public sealed class ChoiceField<T, TEnum>(Func<T, TEnum?> read) : LeafField where TEnum : struct, Enum
{
    public override void Write(Utf8JsonWriter json, object source) => json.WriteStringValue(read((T)source) is { } value ? EnumNames<TEnum>.Of(value) : null);

    public override object? Read(object source) => read((T)source);
}

/// <summary>The names of enum values in the graph: AuthFailed is AUTH_FAILED.</summary>
public static class EnumNames<TEnum> where TEnum : struct, Enum
{
    private static readonly Dictionary<TEnum, string> Names = Enum.GetValues<TEnum>().ToDictionary(
        value => value,
        value => string.Concat(value.ToString().Select((c, i) => i > 0 && char.IsUpper(c) ? $"_{c}" : char.ToUpperInvariant(c).ToString())));

    public static string Of(TEnum value) => Names[value];
}
