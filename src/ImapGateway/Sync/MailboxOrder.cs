using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>The mailboxes of an account in the order of their paths, as lists show them. It does not change: a new one is made after the mailboxes have changed.</summary>
public sealed class MailboxOrder
{
    private readonly MailboxState[] _byPath;
    private readonly Dictionary<string, MailboxState> _atPath;
    private readonly Dictionary<Role, MailboxState> _byRole = [];
    private readonly MailboxState? _inbox;

    public MailboxOrder(IEnumerable<MailboxState> mailboxes)
    {
        _byPath = [.. mailboxes.OrderBy(mailbox => mailbox.Path, StringComparer.Ordinal)];
        _atPath = new Dictionary<string, MailboxState>(_byPath.Length, StringComparer.Ordinal);
        foreach (var mailbox in _byPath)
        {
            // Two mailboxes may have one path for a moment, while many are renamed.
            _atPath.TryAdd(mailbox.Path, mailbox);
            if (mailbox.Role is { } role)
            {
                _byRole.TryAdd(role, mailbox);
            }
        }
        _inbox = Array.Find(_byPath, mailbox => mailbox.Listed.IsInbox);
    }

    public IReadOnlyList<MailboxState> Mailboxes => _byPath;

    /// <summary>Returns the mailbox at the path; INBOX in any case (RFC 3501 section 5.1). Null if there is no mailbox at the path.</summary>
    public MailboxState? AtPath(string path) =>
        _atPath.GetValueOrDefault(path) ?? (path.Equals("INBOX", StringComparison.OrdinalIgnoreCase) ? _inbox : null);

    public MailboxState? OfRole(Role role) => _byRole.GetValueOrDefault(role);

    /// <summary>Returns the mailbox above, or null at the top and if LIST does not show the mailbox above.</summary>
    public MailboxState? ParentOf(MailboxState mailbox) => mailbox.Listed.ParentPath is { } path ? _atPath.GetValueOrDefault(path) : null;

    /// <summary>Returns the mailboxes whose path is greater than <paramref name="path"/>, in order.</summary>
    /// <param name="path">The path, or null for all mailboxes.</param>
    public IEnumerable<MailboxState> After(string? path)
    {
        for (var at = path is null ? 0 : FirstAfter(path); at < _byPath.Length; at++)
        {
            yield return _byPath[at];
        }
    }

    private int FirstAfter(string path)
    {
        var (low, high) = (0, _byPath.Length);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            (low, high) = string.CompareOrdinal(_byPath[middle].Path, path) <= 0 ? (middle + 1, high) : (low, middle);
        }
        return low;
    }
}
