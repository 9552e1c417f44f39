using System.Collections.Frozen;

namespace ImapGateway.Html;

/// <summary>The elements that mail is written in, and how they nest (HTML section 13.2.6).</summary>
public static class HtmlElements
{
    /// <summary>The element that replaces the body of a message in a document of the gateway: no selector of the message names it by chance.</summary>
    public const string MailBody = "mail-body";

    public static readonly FrozenSet<string> Allowed = Set(
        MailBody + " a abbr acronym address area article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn dir div dl dt em figcaption figure font footer "
        + "h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main map mark nav nobr ol p pre q rp rt ruby s samp section small span strike strong sub sup table tbody td tfoot th thead time tr tt u ul var wbr");

    /// <summary>
    /// The elements that are removed with all their contents: they have no text for readers, or another language than HTML. The contents of all other elements that are not allowed stay.
    /// </summary>
    public static readonly FrozenSet<string> Dropped = Set("script style svg math template noscript iframe applet frameset noframes noembed xmp plaintext textarea title");

    public static readonly FrozenSet<string> Void = Set("area base br col embed frame hr img input link meta param source track wbr");

    /// <summary>The elements that a parser opens again in every later block if they were left open: a few hundred of them make millions of nodes.</summary>
    public static readonly FrozenSet<string> Formatting = Set("a b big code em font i nobr s small strike strong tt u");

    public static readonly FrozenSet<string> Blocks = Set(
        MailBody + " address article aside blockquote center dd dir div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table ul");

    private static readonly FrozenSet<string> Cells = Set("td th");

    private static readonly FrozenSet<string> CellBounds = Set("td th caption");

    private static readonly FrozenDictionary<string, (FrozenSet<string> Ends, FrozenSet<string> Within)> Implied = new Dictionary<string, (FrozenSet<string>, FrozenSet<string>)>
    {
        ["li"] = (Set("li"), Set("ul ol dir td th")),
        ["dd"] = (Set("dd dt"), Set("dl td th")),
        ["dt"] = (Set("dd dt"), Set("dl td th")),
        ["td"] = (Cells, Set("table")),
        ["th"] = (Cells, Set("table")),
        ["tr"] = (Set("tr caption colgroup"), Set("table")),
        ["tbody"] = (Set("tbody thead tfoot caption colgroup"), Set("table")),
        ["thead"] = (Set("tbody thead tfoot caption colgroup"), Set("table")),
        ["tfoot"] = (Set("tbody thead tfoot caption colgroup"), Set("table")),
        ["a"] = (Set("a"), CellBounds),
        ["nobr"] = (Set("nobr"), CellBounds),
    }.ToFrozenDictionary();

    /// <summary>Returns how many of the open elements, from the innermost, a start tag closes.</summary>
    public static int ClosedBy(string name, List<string> open)
    {
        var closed = Implied.TryGetValue(name, out var rule) ? Up(open, rule.Ends, rule.Within) : 0;
        return Blocks.Contains(name) ? Math.Max(closed, Up(open, Paragraph, CellBounds)) : closed;
    }

    /// <summary>
    /// Returns how many of the open elements an end tag closes; 0 if it ends nothing. An end tag inside a table cell closes nothing outside the cell, except for the parts of the table.
    /// </summary>
    public static int EndedBy(string name, List<string> open)
    {
        var isTablePart = name is "td" or "th" or "tr" or "tbody" or "thead" or "tfoot" or "table" or "caption";
        for (var i = open.Count - 1; i >= 0; i--)
        {
            if (open[i] == name)
            {
                return open.Count - i;
            }
            if (isTablePart ? open[i] == "table" : CellBounds.Contains(open[i]))
            {
                return 0;
            }
        }
        return 0;
    }

    private static readonly FrozenSet<string> Paragraph = Set("p");

    private static int Up(List<string> open, FrozenSet<string> ends, FrozenSet<string> within)
    {
        for (var i = open.Count - 1; i >= 0; i--)
        {
            if (ends.Contains(open[i]))
            {
                return open.Count - i;
            }
            if (within.Contains(open[i]))
            {
                return 0;
            }
        }
        return 0;
    }

    private static FrozenSet<string> Set(string names) => names.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
