using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>The rights of RFC 4314 section 2.1 and what they allow.</summary>
public static class MailboxRights
{
    public const char Insert = 'i';
    public const char KeepSeen = 's';
    public const char Write = 'w';
    public const char DeleteMessages = 't';
    public const char Expunge = 'e';
    public const char CreateBelow = 'k';
    public const char DeleteMailbox = 'x';

    /// <summary>Returns the right that is needed to change this flag.</summary>
    /// <param name="flag">A flag name of this API, such as <c>$seen</c>.</param>
    public static char ToChange(string flag) =>
        flag.Equals(Flags.Seen, StringComparison.OrdinalIgnoreCase) ? KeepSeen
        : flag.Equals(Flags.Deleted, StringComparison.OrdinalIgnoreCase) ? DeleteMessages
        : Write;

    /// <summary>Returns the first of some rights that is not granted, or null if all are granted or nothing is known.</summary>
    /// <param name="granted">The answer to MYRIGHTS. Empty if the server has no ACL or does not report it.</param>
    public static char? Missing(string granted, IEnumerable<char> needed)
    {
        if (granted.Length == 0)
        {
            return null;
        }
        // RFC 2086 had c and d; RFC 4314 section 2.1.1 has split them, and servers that follow it report the parts.
        var isOld = granted.AsSpan().IndexOfAny("kxte") < 0;
        bool Has(char right) => granted.Contains(right, StringComparison.Ordinal) || isOld && granted.Contains(right is CreateBelow ? 'c' : right is DeleteMailbox or DeleteMessages or Expunge ? 'd' : right, StringComparison.Ordinal);
        foreach (var right in needed)
        {
            if (!Has(right))
            {
                return right;
            }
        }
        return null;
    }

    /// <exception cref="ProblemException"><see cref="ErrorCode.AccountDenied"/>.</exception>
    public static ProblemException Denied(char right) => new(ErrorCode.AccountDenied, $"The account has no right to {What(right)} this mailbox: the mail server has not granted \"{right}\" (RFC 4314).");

    private static string What(char right) => right switch
    {
        Insert => "add messages to",
        KeepSeen => "mark messages as read in",
        DeleteMessages => "mark messages as deleted in",
        Expunge => "remove messages from",
        CreateBelow => "create mailboxes below",
        DeleteMailbox => "delete or rename",
        _ => "change flags in",
    };
}
