using System.Collections.Immutable;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>The capabilities that change what the gateway can do, by their names in the IMAP protocol.</summary>
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

    /// <summary>Capabilities that the gateway uses but that make no difference to its clients.</summary>
    private static readonly ImmutableArray<(ImapCapabilities Flag, string Name)> Others =
    [
        (ImapCapabilities.Id, "ID"),
        (ImapCapabilities.ListExtended, "LIST-EXTENDED"),
        (ImapCapabilities.XList, "XLIST"),
    ];

    /// <param name="capability">A single capability.</param>
    public static string NameOf(ImapCapabilities capability) => Known.Concat(Others).First(one => one.Flag == capability).Name;

    /// <summary>Finds the capability of this name, together with those that cannot be used without it. Returns none if no capability has this name.</summary>
    public static ImapCapabilities Find(string name)
    {
        var flag = Known.Concat(Others).FirstOrDefault(one => one.Name == name).Flag;
        return flag == ImapCapabilities.CondStore ? flag | ImapCapabilities.QuickResync : flag;
    }

    public static ImmutableArray<string> Of(ImapCapabilities capabilities) =>
        [.. Known.Where(one => capabilities.HasFlag(one.Flag)).Select(one => one.Name)];
}
