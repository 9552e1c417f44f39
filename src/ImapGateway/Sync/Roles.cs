using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync;

/// <summary>Which mailbox has which role: each role once, by what the server says.</summary>
public static class Roles
{
    public static IReadOnlyDictionary<string, Role> Assign(IReadOnlyList<ListedMailbox> mailboxes)
    {
        var roles = new Dictionary<string, Role>(StringComparer.Ordinal);
        foreach (var mailbox in mailboxes)
        {
            if (mailbox.SpecialUse is { } role && !roles.ContainsValue(role))
            {
                roles[mailbox.Path] = role;
            }
        }
        return roles;
    }
}
