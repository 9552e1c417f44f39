namespace ImapGateway.Messages.Bodies;

/// <summary>How HTML is shown.</summary>
public enum HtmlMode
{
    /// <summary>One element that can be put into a page.</summary>
    Safe,

    /// <summary>As it was sent.</summary>
    Raw,

    /// <summary>A page of its own, for a frame.</summary>
    Document,
}

/// <summary>How to make HTML.</summary>
/// <param name="Mode">In which form.</param>
/// <param name="RemoteImages">Pictures of other hosts are loaded when the HTML is shown.</param>
/// <param name="Ticket">For the URLs of the parts that are shown in it: frames send no key.</param>
[GenerateSerializer, Immutable]
public sealed record HtmlForm(HtmlMode Mode, bool RemoteImages = false, string? Ticket = null)
{
    /// <summary>The document is loaded from an address of its own; otherwise it is the content of srcdoc.</summary>
    [Id(0)] public bool HasAddress { get; init; }

    public static readonly HtmlForm Safe = new(HtmlMode.Safe);

    public bool IsRaw => Mode == HtmlMode.Raw;

    public bool IsDocument => Mode == HtmlMode.Document;

    /// <summary>
    /// What a link to a place in the same message begins with. In srcdoc relative URLs are resolved against the page around (HTML section 2.4.3): a link that is only a fragment would load that page into the frame.
    /// </summary>
    public string LinkBase => IsDocument && !HasAddress ? Srcdoc : "";

    public const string Srcdoc = "about:srcdoc";
}
