using System.Collections.Immutable;
using MimeKit;

namespace ImapGateway.Imap;

/// <summary>Reads the header of a message from its bytes (RFC 5322 section 2.2). Any bytes give a header: lines that are no fields are skipped. Names compare without case.</summary>
public sealed class HeaderFields
{
    public static readonly HeaderFields None = new([], null);

    private readonly ImmutableArray<Field> _fields;
    private readonly string? _charset;

    private HeaderFields(ImmutableArray<Field> fields, string? charset) => (_fields, _charset) = (fields, charset);

    /// <param name="header">The header up to the empty line or beyond it.</param>
    /// <param name="charset">The charset of the body, a hint for raw 8-bit fields; null if it is not known.</param>
    public static HeaderFields Parse(ReadOnlySpan<byte> header, string? charset = null)
    {
        var fields = ImmutableArray.CreateBuilder<Field>();
        var name = "";
        var value = new List<byte>();
        while (!header.IsEmpty)
        {
            var end = header.IndexOf((byte)'\n');
            var line = end < 0 ? header : header[..(end + 1)];
            header = header[line.Length..];
            if (line.TrimEnd("\r\n"u8).IsEmpty)
            {
                break;
            }
            if (line[0] is (byte)' ' or (byte)'\t')
            {
                value.AddRange(line);
                continue;
            }
            Add(fields, name, value);
            name = NameOf(line, out var rest);
            value = [.. rest];
        }
        Add(fields, name, value);
        return new HeaderFields(fields.ToImmutable(), charset);
    }

    public static HeaderFields Of(HeaderList? headers, string? charset = null) =>
        headers is null ? None : new HeaderFields([.. headers.Select(header => new Field(header.Field.ToLowerInvariant(), header.RawValue))], charset);

    public bool IsEmpty => _fields.IsEmpty;

    /// <summary>Returns the first field of that name, decoded. Null if there is none or it is empty.</summary>
    public string? Text(string name) => First(name) is { } raw && HeaderText.Decode(raw, _charset) is { Length: > 0 } text ? text : null;

    /// <summary>Returns the addresses of all fields of that name together. A broken sender may write several (RFC 5322 section 3.6 allows one).</summary>
    public ImmutableArray<Mail.EmailAddress> Addresses(string name) =>
        _fields.Any(field => field.Is(name)) ? [.. Unfolded(name).SelectMany(field => AddressList.Parse(field, _charset)).Take(AddressList.MaxAddresses)] : [];

    /// <summary>Returns the date of a field in UTC. Null if there is none or it cannot be understood.</summary>
    public DateTimeOffset? Date(string name) => Line(name) is { } text ? Dates.Parse(text) : null;

    /// <summary>Returns the message ids of all fields of that name, without angle brackets.</summary>
    public ImmutableArray<string> Ids(string name) => MessageIds.In(Unfolded(name));

    /// <summary>Returns the id of a message: the first id of the field, or any other text of the field.</summary>
    public string? Id(string name) => Ids(name) is [var id, ..] ? id : MessageIds.Bare(Text(name));

    /// <summary>Returns the media type and the parameters of the body.</summary>
    /// <param name="assumed">The type to assume if there is none or it is broken; null means text/plain (RFC 2045 section 5.2).</param>
    public ContentType ContentType(ContentType? assumed = null) =>
        First("content-type") is { } raw && MimeKit.ContentType.TryParse(HeaderText.ToUtf8(raw, _charset), out var type) ? type : assumed ?? new ContentType("text", "plain");

    /// <summary>Returns the disposition, or null if there is none. In a broken field only "inline" counts; anything else is an attachment (RFC 2183 section 2.8).</summary>
    public ContentDisposition? ContentDisposition() => First("content-disposition") is not { } raw ? null
        : MimeKit.ContentDisposition.TryParse(HeaderText.ToUtf8(raw, _charset), out var disposition) ? disposition
        : new ContentDisposition(Line("content-disposition")!.TrimStart().StartsWith("inline", StringComparison.OrdinalIgnoreCase) ? MimeKit.ContentDisposition.Inline : MimeKit.ContentDisposition.Attachment);

    /// <summary>Maps names in lower case to decoded values in order of appearance. Sorts by name, so that the same message always gives the same output.</summary>
    /// <param name="names">The names to include; null for all.</param>
    public ImmutableSortedDictionary<string, ImmutableArray<string>> Values(IReadOnlyCollection<string>? names = null) => _fields
        .Where(field => names is null || names.Any(field.Is))
        .GroupBy(field => field.Name)
        .ToImmutableSortedDictionary(group => group.Key, group => group.Select(field => HeaderText.Decode(field.Value, _charset)).ToImmutableArray(), StringComparer.Ordinal);

    /// <summary>Returns the first field of that name in one line, with its encoded words unchanged. Null if there is none.</summary>
    public string? Line(string name) => Unfolded(name).FirstOrDefault();

    private IEnumerable<string> Unfolded(string name) => _fields.Where(field => field.Is(name)).Select(field => HeaderText.Unfold(field.Value, _charset));

    private byte[]? First(string name) => _fields.FirstOrDefault(field => field.Is(name))?.Value;

    private static void Add(ImmutableArray<Field>.Builder fields, string name, List<byte> value)
    {
        if (name.Length > 0)
        {
            fields.Add(new Field(name, [.. value]));
        }
    }

    /// <summary>Returns the name of a field, or an empty name if the line is no field: mbox "From " lines, garbage.</summary>
    private static string NameOf(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> rest)
    {
        var colon = line.IndexOf((byte)':');
        rest = line[(colon + 1)..];
        var name = colon < 0 ? [] : line[..colon].TrimEnd(" \t"u8);
        return name.IndexOfAnyExceptInRange((byte)33, (byte)126) < 0 ? System.Text.Encoding.ASCII.GetString(name).ToLowerInvariant() : "";
    }

    private sealed record Field(string Name, byte[] Value)
    {
        public bool Is(string name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);
    }
}
