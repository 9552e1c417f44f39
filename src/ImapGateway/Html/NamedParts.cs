using ImapGateway.Mail;

namespace ImapGateway.Html;

/// <summary>Finds the parts of a message by the names that HTML can use for them. HTML may have thousands of pictures, and a message a thousand parts: each look-up takes the same time.</summary>
public sealed class NamedParts
{
    private readonly Dictionary<string, MessagePart> _byId = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, MessagePart> _byLocation = new(StringComparer.Ordinal);

    /// <param name="parts">The parts in the order of the message. If two have the same name, the first counts.</param>
    public NamedParts(IEnumerable<MessagePart> parts)
    {
        foreach (var part in parts)
        {
            if (part.ContentId is { } id)
            {
                _byId.TryAdd(id, part);
            }
            if (part.Location is { } location)
            {
                _byLocation.TryAdd(location, part);
            }
        }
    }

    /// <param name="url">The URL of a picture, as the HTML has it: cid: (RFC 2392) or a location (RFC 2557 section 4).</param>
    /// <returns>The part; null if the URL names none.</returns>
    public MessagePart? Find(string url) => SafeUrls.ContentId(url) is { } id ? _byId.GetValueOrDefault(id) : _byLocation.GetValueOrDefault(url.Trim());
}
