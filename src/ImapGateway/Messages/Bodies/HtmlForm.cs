namespace ImapGateway.Messages.Bodies;

/// <summary>The ways to show HTML.</summary>
public enum HtmlMode
{
    /// <summary>Safe HTML: one element that can be put into a page.</summary>
    Safe,

    /// <summary>The HTML as it was sent.</summary>
    Raw,

    /// <summary>A complete page for a frame.</summary>
    Document,
}

/// <summary>The form of the HTML to make.</summary>
/// <param name="Mode">The way in which the HTML is shown.</param>
/// <param name="RemoteImages">True if pictures of other hosts are loaded when the HTML is shown.</param>
/// <param name="Ticket">The ticket for the URLs of the parts that are shown in it, since frames send no key.</param>
[GenerateSerializer, Immutable]
public sealed record HtmlForm(HtmlMode Mode, bool RemoteImages = false, string? Ticket = null)
{
    /// <summary>True if the document is loaded from an address of its own; otherwise it is the content of srcdoc.</summary>
    [Id(0)] public bool HasAddress { get; init; }

    public static readonly HtmlForm Safe = new(HtmlMode.Safe);

    public bool IsRaw => Mode == HtmlMode.Raw;

    public bool IsDocument => Mode == HtmlMode.Document;

    /// <summary>
    /// The prefix of a link to a position in the same message. In srcdoc relative URLs are resolved against the page around (HTML section 2.4.3): a link that is only a fragment would load that page
    /// into the frame.
    /// </summary>
    public string LinkBase => IsDocument && !HasAddress ? Srcdoc : "";

    public const string Srcdoc = "about:srcdoc";
}
