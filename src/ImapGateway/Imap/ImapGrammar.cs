using System.Text.RegularExpressions;

namespace ImapGateway.Imap;

/// <summary>Checks text that may be part of a command without quotes (RFC 3501 section 9). Neither the gateway nor MailKit quotes these; strings and mailbox names are encoded by MailKit.</summary>
public static partial class ImapGrammar
{
    private const int LongestHeaderName = 76;

    /// <summary>True for a flag-keyword: an atom, printable ASCII without atom-specials.</summary>
    public static bool IsKeyword(string text) => Atom().IsMatch(text);

    /// <summary>True for a header-fld-name that is an atom. RFC 5322 allows more characters in names, but no name has them.</summary>
    public static bool IsHeaderName(string text) => text.Length <= LongestHeaderName && HeaderName().IsMatch(text);

    /// <summary>True for a section-spec: empty for the whole message, "HEADER", "TEXT", "HEADER.FIELDS (Subject To)", "1.2".</summary>
    public static bool IsSection(string text) => SectionSpec().IsMatch(text);

    [GeneratedRegex(@"^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]+\z")]
    private static partial Regex Atom();

    [GeneratedRegex(@"^[A-Za-z0-9!#$&'+.^_`|~-]+\z")]
    private static partial Regex HeaderName();

    [GeneratedRegex(@"^(?:HEADER|TEXT|HEADER\.FIELDS \([A-Za-z0-9!#$&'+.^_`|~-]+(?: [A-Za-z0-9!#$&'+.^_`|~-]+)*\)|[1-9][0-9]{0,9}(?:\.[1-9][0-9]{0,9})*(?:\.(?:TEXT|HEADER|MIME))?)?\z")]
    private static partial Regex SectionSpec();
}
