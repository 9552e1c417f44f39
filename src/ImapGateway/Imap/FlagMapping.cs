using System.Collections.Immutable;
using ImapGateway.Mail;
using MailKit;

namespace ImapGateway.Imap;

/// <summary>Maps IMAP flags to the names of the API: \Seen is $seen, and keywords stay unchanged.</summary>
public static class FlagMapping
{
    private const int MaxLength = 255;

    private static readonly (string Name, MessageFlags Flag)[] System =
    [
        (Flags.Seen, MessageFlags.Seen),
        (Flags.Answered, MessageFlags.Answered),
        (Flags.Flagged, MessageFlags.Flagged),
        (Flags.Draft, MessageFlags.Draft),
        (Flags.Deleted, MessageFlags.Deleted),
    ];

    /// <summary>
    /// Converts flags of IMAP. \Recent and system flags of later RFCs are left out, because clients cannot set them. A keyword that is spelled like one of the API's names ("$Seen") is left out,
    /// too, because it would be taken for the system flag.
    /// </summary>
    public static Flags ToFlags(MessageFlags flags, IEnumerable<string>? keywords)
    {
        var known = System.Where(pair => flags.HasFlag(pair.Flag)).Select(pair => pair.Name);
        return Flags.Of(known.Concat((keywords ?? []).Where(keyword => keyword.Length > 0 && keyword[0] != '\\' && SystemFlag(keyword) == MessageFlags.None)));
    }

    /// <summary>Separates system flags from keywords, for STORE.</summary>
    /// <exception cref="ProblemException">The status is 422 for a keyword that the server shows but that no command can name.</exception>
    public static (MessageFlags Flags, ImmutableArray<string> Keywords) ToImap(IEnumerable<string> names)
    {
        var flags = MessageFlags.None;
        var keywords = ImmutableArray.CreateBuilder<string>();
        foreach (var name in names)
        {
            var flag = SystemFlag(name);
            flags |= flag;
            if (flag != MessageFlags.None)
            {
                continue;
            }
            // MailKit writes keywords as they are.
            keywords.Add(ImapGrammar.IsKeyword(name) ? name : throw new ProblemException(ErrorCode.Unprocessable, "The message has a keyword that is not valid in IMAP (RFC 3501 section 9, atom): it cannot be stored."));
        }
        return (flags, [.. keywords.Distinct(StringComparer.OrdinalIgnoreCase)]);
    }

    /// <summary>Returns the system flag of a name of the API, without case; None for a keyword.</summary>
    public static MessageFlags SystemFlag(string name)
    {
        foreach (var pair in System)
        {
            if (pair.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return pair.Flag;
            }
        }
        return MessageFlags.None;
    }

    /// <summary>
    /// Returns the reason why a client must not set or search for this name, in a sentence that says what to write instead. Null if it is allowed. In addition to the reasons of
    /// <see cref="Refusal"/>, a system flag without its sign ("seen") would be a keyword that no mail program shows. It can be removed if another program has set it.
    /// </summary>
    public static string? Mistake(string? name) =>
        Refusal(name) ?? (SystemFlag("$" + name) != MessageFlags.None ? $"Write ${name!.ToLowerInvariant()}: system flags have a dollar sign here. Without it this is a keyword that mail programs do not understand; it can only be removed." : null);

    /// <summary>Returns the reason why a client cannot use this name, in a sentence that says what to write instead. Null if it can.</summary>
    public static string? Refusal(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return "A flag has a name.";
        }
        if (name.Length > MaxLength)
        {
            return $"A flag has at most {MaxLength} characters.";
        }
        if (name[0] == '\\')
        {
            var ours = "$" + name[1..].ToLowerInvariant();
            return SystemFlag(ours) != MessageFlags.None
                ? $"Write {ours}: system flags have a dollar sign here."
                : "Only $seen, $answered, $flagged, $draft and $deleted are system flags that can be set.";
        }
        if (name.Equals("$recent", StringComparison.OrdinalIgnoreCase))
        {
            return "The mail server alone sets \\Recent, and it is not shown.";
        }
        if (!ImapGrammar.IsKeyword(name))
        {
            return "A keyword consists of ASCII letters, digits and punctuation without blanks, ( ) { ] % * \" and \\ (RFC 3501, atom).";
        }
        return name.Equals("NIL", StringComparison.OrdinalIgnoreCase) ? "NIL is no name in IMAP." : null;
    }
}
