using System.Collections.Immutable;
using ImapGateway.Messages.Bodies;

namespace ImapGateway.Messages;

/// <summary>What to read of a message besides header fields and structure.</summary>
/// <param name="Text">Its body as plain text.</param>
/// <param name="Html">Its body as HTML.</param>
/// <param name="IsRaw">HTML as it was sent.</param>
/// <param name="MaxBodyBytes">UTF-8 octets of the text, and of the HTML.</param>
/// <param name="Headers">Names of header fields; empty: all; default: none.</param>
[GenerateSerializer, Immutable]
public sealed record ReadOptions(bool Text, bool Html, bool IsRaw, int MaxBodyBytes, ImmutableArray<string> Headers)
{
    public const int DefaultBodyBytes = 256 * 1024;
    public const int MostBodyBytes = 512 * 1024;

    public static readonly ReadOptions Basic = new(false, false, false, DefaultBodyBytes, default);

    /// <summary>Needs a fetch of its own: neither is kept in the header cache.</summary>
    public bool WantsMore => WantsBody || WantsHeaders;

    public bool WantsBody => Text || Html;

    public bool WantsHeaders => !Headers.IsDefault;

    public BodyRequest Body(int maxBytes) => new(Text, Html, IsRaw, maxBytes);
}
