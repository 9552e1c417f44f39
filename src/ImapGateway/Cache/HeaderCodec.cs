using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Hashing;
using System.Text;
using ImapGateway.Mail;

namespace ImapGateway.Cache;

/// <summary>
/// Encodes headers in few bytes: a version, a checksum that is valid for this location only, then the members in order. Lengths and numbers are in groups of seven bits, texts in UTF-8, and values
/// that most parts have in common are one byte. Bytes that cannot be understood completely give no headers.
/// </summary>
public static class HeaderCodec
{
    /// <summary>The version of the encoding. It is raised with every change of the written bytes.</summary>
    public const byte Version = 7;

    private const int Checksum = 1;
    private const int Start = Checksum + sizeof(ulong);

    /// <summary>The maximum number of items of a list, more than any list of a real message has. A greater length is treated as damage.</summary>
    private const int MostItems = 100_000;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The values that are written as their position in this list. Under the same version, only the end of the list may be changed.</summary>
    private static readonly ImmutableArray<string> Common =
    [
        "1", "2", "3", "4", "1.1", "1.2", "1.3", "2.1", "2.2",
        "text/plain", "text/html", "image/png", "image/jpeg", "image/gif", "application/pdf", "application/octet-stream", "message/rfc822", "text/calendar", "application/pgp-signature",
        "utf-8", "UTF-8", "us-ascii", "iso-8859-1", "ISO-8859-1", "windows-1252",
        "7bit", "8bit", "binary", "base64", "quoted-printable", "attachment", "inline",
        "multipart/mixed", "multipart/alternative", "multipart/related", "multipart/signed", "multipart/report",
    ];

    [Flags]
    private enum PartUse : byte
    {
        None = 0,
        Text = 1,
        Html = 2,
        Inline = 4,
    }

    /// <returns>The bytes; null if there is text that cannot be encoded in UTF-8.</returns>
    public static byte[]? Encode(HeaderKey key, MessageHeaders headers)
    {
        using var stream = new MemoryStream(512);
        using var writer = new BinaryWriter(stream, StrictUtf8);
        writer.Write(Version);
        writer.Write(0UL);
        try
        {
            Write(writer, headers);
        }
        catch (EncoderFallbackException)
        {
            return null;
        }
        var bytes = stream.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(Checksum), Sum(key, bytes));
        return bytes;
    }

    /// <returns>The headers; null if <see cref="Encode"/> did not make the bytes for this location.</returns>
    public static MessageHeaders? Decode(HeaderKey key, byte[] bytes)
    {
        if (bytes.Length <= Start || bytes[0] != Version || BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(Checksum)) != Sum(key, bytes))
        {
            return null;
        }
        using var stream = new MemoryStream(bytes, Start, bytes.Length - Start);
        using var reader = new BinaryReader(stream, StrictUtf8);
        try
        {
            var headers = Read(reader);
            return stream.Position == stream.Length ? headers : null;
        }
        catch (Exception broken) when (broken is IOException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static ulong Sum(HeaderKey key, byte[] bytes)
    {
        var place = XxHash64.HashToUInt64(BitConverter.GetBytes(key.Mailbox), unchecked((long)(((ulong)key.UidValidity << 32) | key.Uid)));
        return XxHash3.HashToUInt64(bytes.AsSpan(Start), unchecked((long)place));
    }

    private static void Write(BinaryWriter writer, MessageHeaders headers)
    {
        Text(writer, headers.EmailId);
        Text(writer, headers.ThreadId);
        Text(writer, headers.MessageId);
        List(writer, headers.InReplyTo, Text);
        List(writer, headers.References, Text);
        Text(writer, headers.Subject);
        foreach (var addresses in new[] { headers.From, headers.Sender, headers.ReplyTo, headers.To, headers.Cc, headers.Bcc })
        {
            List(writer, addresses, static (writer, address) =>
            {
                Text(writer, address.Name);
                Text(writer, address.Address);
            });
        }
        Optional(writer, headers.Date, Instant);
        Optional(writer, headers.ReceivedAt, Instant);
        Optional(writer, headers.Size, static (writer, size) => writer.Write7BitEncodedInt64(size));
        List(writer, headers.Parts, Part);
        Text(writer, headers.Preview);
        List(writer, headers.Multiparts, static (writer, multipart) =>
        {
            Text(writer, multipart.Part);
            Text(writer, multipart.ContentType);
            Text(writer, multipart.Disposition);
            Text(writer, multipart.Language);
        });
    }

    private static MessageHeaders Read(BinaryReader reader) => new(
        EmailId: Text(reader),
        ThreadId: Text(reader),
        MessageId: Text(reader),
        InReplyTo: List(reader, Certain),
        References: List(reader, Certain),
        Subject: Text(reader),
        From: List(reader, Address),
        Sender: List(reader, Address),
        ReplyTo: List(reader, Address),
        To: List(reader, Address),
        Cc: List(reader, Address),
        Bcc: List(reader, Address),
        Date: reader.ReadBoolean() ? Instant(reader) : null,
        ReceivedAt: reader.ReadBoolean() ? Instant(reader) : null,
        Size: reader.ReadBoolean() ? reader.Read7BitEncodedInt64() : null,
        Parts: List(reader, Part))
    {
        Preview = Text(reader),
        Multiparts = List(reader, static reader => new MessageMultipart(Certain(reader), Certain(reader), Text(reader), Text(reader))),
    };

    private static void Part(BinaryWriter writer, MessagePart part)
    {
        Text(writer, part.Part);
        Text(writer, part.ContentType);
        Text(writer, part.Charset);
        Text(writer, part.Encoding);
        writer.Write7BitEncodedInt64(part.Size);
        Text(writer, part.Filename);
        Text(writer, part.Disposition);
        Text(writer, part.ContentId);
        Text(writer, part.Location);
        Text(writer, part.Language);
        writer.Write((byte)((part.InText ? PartUse.Text : 0) | (part.InHtml ? PartUse.Html : 0) | (part.IsInline ? PartUse.Inline : 0)));
    }

    private static MessagePart Part(BinaryReader reader)
    {
        var part = new MessagePart(
            Certain(reader), Certain(reader), Text(reader), Certain(reader), reader.Read7BitEncodedInt64(), Text(reader), Text(reader), Text(reader), Text(reader),
            InText: false, InHtml: false, IsInline: false)
        {
            Language = Text(reader),
        };
        var use = (PartUse)reader.ReadByte();
        return part with { InText = use.HasFlag(PartUse.Text), InHtml = use.HasFlag(PartUse.Html), IsInline = use.HasFlag(PartUse.Inline) };
    }

    private static EmailAddress Address(BinaryReader reader) => new(Text(reader), Certain(reader));

    private static void Optional<T>(BinaryWriter writer, T? value, Action<BinaryWriter, T> write)
        where T : struct
    {
        writer.Write(value is not null);
        if (value is { } known)
        {
            write(writer, known);
        }
    }

    private static void Instant(BinaryWriter writer, DateTimeOffset instant)
    {
        writer.Write7BitEncodedInt64(instant.Ticks);
        writer.Write7BitEncodedInt((int)instant.Offset.TotalMinutes);
    }

    private static DateTimeOffset Instant(BinaryReader reader) => new(reader.Read7BitEncodedInt64(), TimeSpan.FromMinutes(reader.Read7BitEncodedInt()));

    /// <summary>Writes a text by a number: 0 is null, then the common values follow, then a length to which their count is added.</summary>
    private static void Text(BinaryWriter writer, string? text)
    {
        var common = text is { Length: < 30 } ? Common.IndexOf(text) : -1;
        if (text is null || common >= 0)
        {
            writer.Write7BitEncodedInt(text is null ? 0 : common + 1);
            return;
        }
        var bytes = StrictUtf8.GetBytes(text);
        writer.Write7BitEncodedInt(Common.Length + 1 + bytes.Length);
        writer.Write(bytes);
    }

    private static string? Text(BinaryReader reader)
    {
        var length = reader.Read7BitEncodedInt();
        return length == 0 ? null : length <= Common.Length ? Common[length - 1] : StrictUtf8.GetString(Octets(reader, length - Common.Length - 1));
    }

    private static byte[] Octets(BinaryReader reader, int count) =>
        count <= reader.BaseStream.Length - reader.BaseStream.Position ? reader.ReadBytes(count) : throw new EndOfStreamException();

    private static string Certain(BinaryReader reader) => Text(reader) ?? throw new InvalidDataException();

    private static void List<T>(BinaryWriter writer, ImmutableArray<T> items, Action<BinaryWriter, T> write)
    {
        writer.Write7BitEncodedInt(items.Length);
        foreach (var item in items)
        {
            write(writer, item);
        }
    }

    private static ImmutableArray<T> List<T>(BinaryReader reader, Func<BinaryReader, T> read)
    {
        var count = reader.Read7BitEncodedInt();
        if (count is < 0 or > MostItems || count > reader.BaseStream.Length - reader.BaseStream.Position)
        {
            throw new InvalidDataException();
        }
        var items = ImmutableArray.CreateBuilder<T>(count);
        for (var at = 0; at < count; at++)
        {
            items.Add(read(reader));
        }
        return items.MoveToImmutable();
    }
}
