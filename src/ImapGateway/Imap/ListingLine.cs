using System.Buffers.Text;
using System.Text;

namespace ImapGateway.Imap;

public enum ListingLineKind
{
    /// <summary>A line of LIST or XLIST: the mailbox exists.</summary>
    Listed,

    /// <summary>A line of LSUB: the name is subscribed.</summary>
    Subscribed,

    /// <summary>A line of STATUS: the counters of the mailbox.</summary>
    Status,
}

/// <summary>A line of the answer to LIST (RFC 3501 sections 7.2.2 to 7.2.4), with the data needed to decide whether it is kept.</summary>
/// <param name="Name">The encoded name without quotes. A name that cannot be understood stays unchanged.</param>
/// <param name="HasRole">True if an attribute gives the mailbox a role (RFC 6154), or says that it is the inbox.</param>
public sealed record ListingLine(ListingLineKind Kind, string Name, char? Delimiter, bool HasRole)
{
    private static readonly string[] RoleAttributes =
        ["\\All", "\\AllMail", "\\Archive", "\\Drafts", "\\Flagged", "\\Important", "\\Inbox", "\\Junk", "\\Sent", "\\Spam", "\\Starred", "\\Trash"];

    /// <summary>True if MailKit can parse the line. It closes the connection because of another one.</summary>
    public bool IsWellFormed { get; private init; }

    private string Attributes { get; init; } = "";

    private bool HasName { get; init; }

    /// <param name="line">The line with its line end. A literal's octets follow the line that announces it. A line that ends in the announcement has no name yet.</param>
    /// <returns>The parsed line, or null for other lines.</returns>
    public static ListingLine? Parse(ReadOnlySpan<byte> line)
    {
        if (KindOf(line) is not { } kind)
        {
            return null;
        }
        var rest = line[2..];
        rest = rest[(rest.IndexOf((byte)' ') + 1)..];
        var scan = new AnswerScan(rest);
        if (kind == ListingLineKind.Status)
        {
            return new ListingLine(kind, Token(ref rest), null, HasRole: false) { IsWellFormed = scan.Status() };
        }
        var isWellFormed = scan.MailboxList();
        var attributes = "";
        if (rest is [(byte)'(', ..] && rest.IndexOf((byte)')') is > 0 and var end)
        {
            attributes = Encoding.Latin1.GetString(rest[1..end]);
            rest = rest[(end + 1)..];
        }
        else
        {
            // Something else, such as NIL, is in their place.
            Token(ref rest);
        }
        var delimiter = Token(ref rest);
        rest = rest.TrimStart((byte)' ');
        var isAtom = rest is not [(byte)'"' or (byte)'{', ..];
        var start = rest;
        // Without quotation marks a name can still have blanks: it is all that is left of the line.
        var name = isAtom && !isWellFormed ? Encoding.Latin1.GetString(rest.TrimEnd("\r\n "u8)) : Token(ref rest);
        var isClosed = start is not [(byte)'"', ..] || start[(start.Length - rest.Length - 1)..] is [(byte)'"', ..];
        var separator = delimiter.Length == 1 ? delimiter[0] : (char?)null;
        name = separator is { } trailing ? name.TrimEnd(trailing) : name;
        var hasRole = name.Equals("INBOX", StringComparison.OrdinalIgnoreCase) || attributes.Split(' ').Any(attribute => RoleAttributes.Contains(attribute, StringComparer.OrdinalIgnoreCase));
        return new ListingLine(kind, name, separator, hasRole) { IsWellFormed = isWellFormed, Attributes = attributes, HasName = isClosed && name.Length > 0 && !attributes.Contains('(') };
    }

    /// <summary>Writes a line with the parts of this one that can be read.</summary>
    /// <returns>The line, or null if it does not tell a name, or is one of STATUS.</returns>
    public byte[]? Repaired()
    {
        if (!HasName || Kind == ListingLineKind.Status)
        {
            return null;
        }
        var attributes = Attributes.Split(' ').Where(attribute => attribute.StartsWith('\\') && attribute.Length > 1 && attribute[1..].All(char.IsAsciiLetterOrDigit));
        var delimiter = Delimiter is { } one && !char.IsControl(one) ? Quote(one.ToString()) : "NIL";
        return Encoding.Latin1.GetBytes($"* {(Kind == ListingLineKind.Subscribed ? "LSUB" : "LIST")} ({string.Join(' ', attributes)}) {delimiter} {Quote(Name)}\r\n");
    }

    private static string Quote(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    public string LastSegment(string path) => Delimiter is { } delimiter ? path[(path.LastIndexOf(delimiter) + 1)..] : path;

    private static ListingLineKind? KindOf(ReadOnlySpan<byte> line) =>
        StartsWith(line, "* LIST"u8) || StartsWith(line, "* XLIST"u8) ? ListingLineKind.Listed
        : StartsWith(line, "* LSUB"u8) ? ListingLineKind.Subscribed
        : StartsWith(line, "* STATUS"u8) ? ListingLineKind.Status
        : null;

    private static bool StartsWith(ReadOnlySpan<byte> line, ReadOnlySpan<byte> word) => line.Length > word.Length && line[word.Length] <= ' ' && Ascii.EqualsIgnoreCase(line[..word.Length], word);

    /// <summary>Removes and returns an atom, a quoted string or a literal (RFC 3501 section 4).</summary>
    private static string Token(ref ReadOnlySpan<byte> rest)
    {
        rest = rest.TrimStart((byte)' ');
        return rest is [(byte)'"', ..] ? Quoted(ref rest) : rest is [(byte)'{', ..] ? Literal(ref rest) : Atom(ref rest);
    }

    private static string Atom(ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOfAny((byte)' ', (byte)'\r', (byte)'\n');
        var atom = end < 0 ? rest : rest[..end];
        rest = rest[atom.Length..];
        return Encoding.Latin1.GetString(atom);
    }

    private static string Quoted(ref ReadOnlySpan<byte> rest)
    {
        var text = new StringBuilder();
        var at = 1;
        for (; at < rest.Length && rest[at] is not ((byte)'"' or (byte)'\r' or (byte)'\n'); at++)
        {
            at += rest[at] == '\\' && at + 1 < rest.Length ? 1 : 0;
            text.Append((char)rest[at]);
        }
        rest = rest[Math.Min(at + 1, rest.Length)..];
        return text.ToString();
    }

    private static string Literal(ref ReadOnlySpan<byte> rest)
    {
        var begin = rest.IndexOf((byte)'\n') + 1;
        if (!Utf8Parser.TryParse(rest[1..], out uint announced, out _) || begin == 0)
        {
            return Atom(ref rest);
        }
        var length = (int)Math.Min(announced, rest.Length - begin);
        var text = Encoding.Latin1.GetString(rest.Slice(begin, length));
        rest = rest[(begin + length)..];
        return text;
    }
}
