using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>A mailbox as LIST shows it.</summary>
/// <param name="Path">Decoded, with the server's delimiter.</param>
/// <param name="Delimiter">Null on a server without hierarchy.</param>
/// <param name="SpecialUse">By SPECIAL-USE or XLIST; the server's own word.</param>
/// <param name="Counters">Null where it cannot be selected, or where <see cref="Problem"/> says why the server does not count.</param>
public sealed record ListedMailbox(string Path, string? Delimiter, bool Subscribed, bool Selectable, Role? SpecialUse, MailboxCounters? Counters)
{
    /// <summary>Why the server refuses STATUS of this mailbox; null: it does not.</summary>
    public Problem? Problem { get; init; }

    /// <summary>False for what lies in a namespace of other users or of all (RFC 2342).</summary>
    public bool Personal { get; init; } = true;

    /// <summary>RFC 3501 section 5.1: in any case.</summary>
    public bool IsInbox => Path.Equals("INBOX", StringComparison.OrdinalIgnoreCase);

    public string Name => Delimiter is { Length: > 0 } && Path.LastIndexOf(Delimiter, StringComparison.Ordinal) is >= 0 and var at ? Path[(at + Delimiter.Length)..] : Path;

    public string? ParentPath => Delimiter is { Length: > 0 } && Path.LastIndexOf(Delimiter, StringComparison.Ordinal) is > 0 and var at ? Path[..at] : null;

    public bool IsBelow(ListedMailbox other) => other.Delimiter is { Length: > 0 } && Path.StartsWith(other.Path + other.Delimiter, StringComparison.Ordinal);
}

/// <summary>The mailboxes of an account as LIST shows them.</summary>
/// <param name="LeftOut">Mailboxes that the server has listed beyond <paramref name="Most"/>, and that are not among <paramref name="Mailboxes"/>.</param>
/// <param name="Most">Mailboxes that an account can have, see <see cref="ImapOptions.MaxMailboxes"/>.</param>
public sealed record MailboxList(IReadOnlyList<ListedMailbox> Mailboxes, int LeftOut, int Most);

/// <summary>STATUS of a mailbox (RFC 3501 section 6.3.10).</summary>
/// <param name="UidNext">0 on servers that do not tell.</param>
public sealed record MailboxCounters(long Total, long Unseen, uint UidValidity, uint UidNext, ulong HighestModSeq);

/// <summary>What tells a mailbox from others, as a fresh SELECT shows it.</summary>
/// <param name="ObjectId">MAILBOXID (RFC 8474), where the server has one.</param>
/// <param name="Uids">All uids there are.</param>
public sealed record MailboxProof(uint UidValidity, uint UidNext, string? ObjectId, IReadOnlyList<uint> Uids);
