using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>A mailbox as LIST shows it.</summary>
/// <param name="Path">The decoded path, with the server's delimiter.</param>
/// <param name="Delimiter">The delimiter of the hierarchy; null on a server without hierarchy.</param>
/// <param name="SpecialUse">The role that the server itself reports by SPECIAL-USE or XLIST.</param>
/// <param name="Counters">The counters; null if the mailbox cannot be selected, or if <see cref="Problem"/> says why the server does not count.</param>
public sealed record ListedMailbox(string Path, string? Delimiter, bool Subscribed, bool Selectable, Role? SpecialUse, MailboxCounters? Counters)
{
    /// <summary>The reason why the server refuses STATUS of this mailbox; null if it does not.</summary>
    public Problem? Problem { get; init; }

    /// <summary>False for a mailbox in a namespace of other users or in a shared one (RFC 2342).</summary>
    public bool Personal { get; init; } = true;

    /// <summary>True for the inbox, whose name is case-insensitive (RFC 3501 section 5.1).</summary>
    public bool IsInbox => Path.Equals("INBOX", StringComparison.OrdinalIgnoreCase);

    public string Name => Delimiter is { Length: > 0 } && Path.LastIndexOf(Delimiter, StringComparison.Ordinal) is >= 0 and var at ? Path[(at + Delimiter.Length)..] : Path;

    public string? ParentPath => Delimiter is { Length: > 0 } && Path.LastIndexOf(Delimiter, StringComparison.Ordinal) is > 0 and var at ? Path[..at] : null;

    public bool IsBelow(ListedMailbox other) => other.Delimiter is { Length: > 0 } && Path.StartsWith(other.Path + other.Delimiter, StringComparison.Ordinal);
}

/// <summary>The mailboxes of an account as LIST shows them.</summary>
/// <param name="LeftOut">The number of mailboxes that the server has listed beyond <paramref name="Most"/>, and that are not among <paramref name="Mailboxes"/>.</param>
/// <param name="Most">The maximum number of mailboxes that an account can have, see <see cref="ImapOptions.MaxMailboxes"/>.</param>
public sealed record MailboxList(IReadOnlyList<ListedMailbox> Mailboxes, int LeftOut, int Most);

/// <summary>The STATUS of a mailbox (RFC 3501 section 6.3.10).</summary>
/// <param name="UidNext">The next uid; 0 on servers that do not report it.</param>
public sealed record MailboxCounters(long Total, long Unseen, uint UidValidity, uint UidNext, ulong HighestModSeq);

/// <summary>The properties that distinguish a mailbox from others, as a fresh SELECT shows them.</summary>
/// <param name="ObjectId">The MAILBOXID (RFC 8474), if the server has one.</param>
/// <param name="Uids">All uids of the mailbox.</param>
public sealed record MailboxProof(uint UidValidity, uint UidNext, string? ObjectId, IReadOnlyList<uint> Uids);
