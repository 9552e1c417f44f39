using ImapGateway.Mail;

namespace ImapGateway.Messages;

/// <summary>Estimates the number of octets of a message in a response.</summary>
public static class MessageSize
{
    private const int Fixed = 600;
    private const int PerAddress = 30;
    private const int PerAttachment = 150;
    private const int PerPart = 200;

    public static long Of(Message message) =>
        Fixed
        + Text(message.Subject)
        + Text(message.Preview)
        + message.References.Sum(id => Text(id))
        + new[] { message.From, message.Sender, message.ReplyTo, message.To, message.Cc, message.Bcc }.Sum(list => list.Sum(one => PerAddress + Text(one.Name) + Text(one.Address)))
        + message.Attachments.Sum(one => PerAttachment + Text(one.Filename))
        + (message.Structure is { } structure ? Structure(structure) : 0)
        + (message.Headers?.Sum(header => Text(header.Key) + header.Value.Sum(value => Text(value))) ?? 0)
        + Text(message.Body?.Text) + Text(message.Body?.Html);

    private static long Structure(StructurePart part) => PerPart + Text(part.Filename) + Text(part.ContentId) + part.Parts.Sum(Structure);

    private static long Text(string? text) => text is null ? 4 : System.Text.Encoding.UTF8.GetByteCount(text) + 3;
}
