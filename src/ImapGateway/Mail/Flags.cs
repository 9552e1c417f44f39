using System.Collections;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImapGateway.Mail;

/// <summary>
/// An immutable set of flags, ordered, equal by value. System flags have RFC 8621 section 4.1.1 spelling ($seen, $answered, $flagged, $draft)
/// and the additional $deleted; keywords keep the server's spelling and compare without case (RFC 3501 section 2.3.2). \Recent is never one.
/// </summary>
[GenerateSerializer, Immutable, JsonConverter(typeof(FlagsJsonConverter))]
public sealed class Flags : IReadOnlyList<string>, IEquatable<Flags>
{
    public const string Seen = "$seen";
    public const string Answered = "$answered";
    public const string Flagged = "$flagged";
    public const string Draft = "$draft";
    public const string Deleted = "$deleted";

    public static readonly Flags None = new([]);

    private static readonly StringComparer Names = StringComparer.OrdinalIgnoreCase;

    [Id(0)]
    private readonly ImmutableArray<string> _names;

    private Flags(ImmutableArray<string> names) => _names = names;

    public static Flags Of(IEnumerable<string> names)
    {
        var sorted = names.Distinct(Names).Order(Names).ToImmutableArray();
        return sorted.IsEmpty ? None : new Flags(sorted);
    }

    public static Flags Of(params ReadOnlySpan<string> names) => Of((IEnumerable<string>)names.ToArray());

    public int Count => _names.Length;

    public string this[int index] => _names[index];

    public bool Contains(string name)
    {
        foreach (var own in _names)
        {
            if (Names.Equals(own, name))
            {
                return true;
            }
        }
        return false;
    }

    public Flags With(IEnumerable<string> names) => Of(_names.Concat(names));

    public Flags Without(IEnumerable<string> names) => Of(_names.Except(names, Names));

    public bool Equals(Flags? other) => other is not null && (ReferenceEquals(this, other) || _names.SequenceEqual(other._names, Names));

    public override bool Equals(object? obj) => Equals(obj as Flags);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var name in _names)
        {
            hash.Add(name, Names);
        }
        return hash.ToHashCode();
    }

    public override string ToString() => string.Join(' ', _names);

    public IEnumerator<string> GetEnumerator() => ((IEnumerable<string>)_names).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>Converts flags to and from an array of strings.</summary>
public sealed class FlagsJsonConverter : JsonConverter<Flags>
{
    public override Flags Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Flags.Of(JsonSerializer.Deserialize<string[]>(ref reader, options) ?? []);

    public override void Write(Utf8JsonWriter writer, Flags value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var name in value)
        {
            writer.WriteStringValue(name);
        }
        writer.WriteEndArray();
    }
}
