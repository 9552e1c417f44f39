using System.Collections.Immutable;
using ImapGateway.Mail;

namespace ImapGateway.Cache;

/// <summary>Estimates the bytes on the heap: strings take two bytes for each character, and every object has a header.</summary>
public static class HeaderSize
{
    private const int Entry = 400;
    private const int Address = 48;
    private const int Part = 128;
    private const int Multipart = 48;

    public static int Of(MessageHeaders headers)
    {
        long size = Entry + Text(headers.Subject) + Text(headers.Preview) + Text(headers.MessageId) + Text(headers.EmailId) + Text(headers.ThreadId)
            + Addresses(headers.From) + Addresses(headers.Sender) + Addresses(headers.ReplyTo) + Addresses(headers.To) + Addresses(headers.Cc) + Addresses(headers.Bcc)
            + Texts(headers.References) + Texts(headers.InReplyTo);
        foreach (var part in headers.Parts)
        {
            size += Part + Text(part.Part) + Text(part.ContentType) + Text(part.Charset) + Text(part.Encoding) + Text(part.Filename) + Text(part.Disposition) + Text(part.ContentId) + Text(part.Location) + Text(part.Language);
        }
        foreach (var multipart in headers.Multiparts)
        {
            size += Multipart + Text(multipart.Part) + Text(multipart.ContentType) + Text(multipart.Disposition) + Text(multipart.Language);
        }
        return (int)Math.Min(size, int.MaxValue);
    }

    private static long Addresses(ImmutableArray<EmailAddress> list)
    {
        long size = 0;
        foreach (var address in list)
        {
            size += Address + Text(address.Name) + Text(address.Address);
        }
        return size;
    }

    private static long Texts(ImmutableArray<string> list)
    {
        long size = 0;
        foreach (var text in list)
        {
            size += Text(text);
        }
        return size;
    }

    private static long Text(string? text) => text is null ? 0 : 32 + 2L * text.Length;
}
