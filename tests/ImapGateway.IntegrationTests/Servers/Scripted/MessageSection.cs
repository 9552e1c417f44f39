using System.Globalization;
using System.Text;
using MimeKit;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>What stands between the brackets of BODY[...] (RFC 9051 section 6.4.5.1), as octets.</summary>
internal static class MessageSection
{
    /// <summary>Lines end in CRLF on the wire, on every system.</summary>
    internal static readonly FormatOptions Wire = new() { NewLineFormat = NewLineFormat.Dos };

    /// <summary>Null where there is no such part.</summary>
    public static byte[]? Of(byte[] message, string section)
    {
        var numbers = section.Split('.').TakeWhile(piece => piece.Length > 0 && char.IsAsciiDigit(piece[0])).ToArray();
        var rest = string.Join('.', section.Split('.').Skip(numbers.Length));
        if (numbers.Length == 0)
        {
            return rest.Length == 0 ? message : Named(message, rest);
        }

        MimeEntity? entity = MimeMessage.Load(new MemoryStream(message)).Body;
        foreach (var number in numbers.Select(n => int.Parse(n, CultureInfo.InvariantCulture)))
        {
            entity = Child(entity, number);
        }

        return (entity, rest) switch
        {
            (null, _) => null,
            (_, "MIME") => [.. Written(stream => entity.Headers.WriteTo(Wire, stream)), .. "\r\n"u8],
            (MessagePart { Message: { } inner }, "") => Written(stream => inner.WriteTo(Wire, stream)),
            (MessagePart { Message: { } inner }, _) => Named(Written(stream => inner.WriteTo(Wire, stream)), rest),
            (MimePart { Content: { } content }, "") => Written(stream => content.WriteTo(stream)),
            (_, "") => Named(Written(stream => entity.WriteTo(Wire, stream)), "TEXT"),
            _ => null,
        };
    }

    private static MimeEntity? Child(MimeEntity? entity, int number) => entity switch
    {
        MessagePart { Message.Body: Multipart multipart } => Child(multipart, number),
        MessagePart { Message.Body: var body } => number == 1 ? body : null,
        Multipart multipart => number <= multipart.Count ? multipart[number - 1] : null,
        _ => number == 1 ? entity : null,
    };

    private static byte[]? Named(byte[] message, string name)
    {
        var gap = message.AsSpan().IndexOf("\r\n\r\n"u8);
        var (header, text) = gap < 0 ? (message, []) : (message[..(gap + 4)], message[(gap + 4)..]);
        if (!name.StartsWith("HEADER.FIELDS", StringComparison.Ordinal))
        {
            return name switch { "HEADER" => header, "TEXT" => text, _ => null };
        }

        var fields = name[(name.IndexOf('(', StringComparison.Ordinal) + 1)..].TrimEnd(')').Split(' ').Select(field => field.Trim('"')).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var wanted = !name.StartsWith("HEADER.FIELDS.NOT", StringComparison.Ordinal);
        var lines = Encoding.Latin1.GetString(header).Replace("\r\n ", "\r\n\t", StringComparison.Ordinal).Split("\r\n");
        var kept = new StringBuilder();
        var keep = false;
        foreach (var line in lines.Where(line => line.Length > 0))
        {
            keep = line[0] == '\t' ? keep : fields.Contains(line.Split(':')[0].Trim()) == wanted;
            kept.Append(keep ? line + "\r\n" : "");
        }

        return Encoding.Latin1.GetBytes(kept.Append("\r\n").ToString());
    }

    internal static byte[] Written(Action<Stream> write)
    {
        using var stream = new MemoryStream();
        write(stream);
        return stream.ToArray();
    }
}
