using System.Collections.Immutable;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>The capabilities that change what the gateway can do, by the names they have on the wire.</summary>
public static class CapabilityNames
{
    private static readonly ImmutableArray<(ImapCapabilities Flag, string Name)> Known =
    [
        (ImapCapabilities.Acl, "ACL"),
        (ImapCapabilities.CondStore, "CONDSTORE"),
        (ImapCapabilities.ESearch, "ESEARCH"),
        (ImapCapabilities.GMailExt1, "X-GM-EXT-1"),
        (ImapCapabilities.Idle, "IDLE"),
        (ImapCapabilities.ListStatus, "LIST-STATUS"),
        (ImapCapabilities.Move, "MOVE"),
        (ImapCapabilities.Notify, "NOTIFY"),
        (ImapCapabilities.ObjectID, "OBJECTID"),
        (ImapCapabilities.Preview, "PREVIEW"),
        (ImapCapabilities.QuickResync, "QRESYNC"),
        (ImapCapabilities.Quota, "QUOTA"),
        (ImapCapabilities.Sort, "SORT"),
        (ImapCapabilities.SpecialUse, "SPECIAL-USE"),
        (ImapCapabilities.Thread, "THREAD"),
        (ImapCapabilities.UidPlus, "UIDPLUS"),
    ];

    public static ImmutableArray<string> Of(ImapCapabilities capabilities) =>
        [.. Known.Where(one => capabilities.HasFlag(one.Flag)).Select(one => one.Name)];
}
