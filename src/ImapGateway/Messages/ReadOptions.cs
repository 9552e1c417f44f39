using System.Collections.Immutable;
using ImapGateway.Messages.Bodies;

namespace ImapGateway.Messages;

/// <summary>The parts of a message to read besides header fields and structure.</summary>
/// <param name="Text">True for the body as plain text.</param>
/// <param name="Html">True for the body as HTML.</param>
/// <param name="Form">The form in which the HTML is shown.</param>
/// <param name="MaxBodyBytes">The largest number of UTF-8 octets of the text, and of the HTML.</param>
/// <param name="Headers">Names of header fields; empty: all; default: none.</param>
[GenerateSerializer, Immutable]
public sealed record ReadOptions(bool Text, bool Html, HtmlForm Form, int MaxBodyBytes, ImmutableArray<string> Headers)
{
    /// <summary>True for the tree of its parts.</summary>
    [Id(0)] public bool Structure { get; init; }

    public const int DefaultBodyBytes = 256 * 1024;
    public const int MostBodyBytes = 512 * 1024;

    public static readonly ReadOptions Basic = new(false, false, HtmlForm.Safe, DefaultBodyBytes, default);

    /// <summary>True if a FETCH of its own is needed: the header cache has neither bodies nor all header fields.</summary>
    public bool WantsMore => WantsBody || WantsHeaders;

    public bool WantsBody => Text || Html;

    public bool WantsHeaders => !Headers.IsDefault;

    public BodyRequest Body(int maxBytes) => new(Text, Html, Form, maxBytes);
}
