using System.Net;
using System.Net.Sockets;

namespace ImapGateway.Egress;

/// <summary>The kind of network that an address belongs to, in order of risk.</summary>
public enum AddressScope
{
    Public,
    /// <summary>Private, loopback, link-local and carrier networks, and IPv6 forms that hide an IPv4 address.</summary>
    Private,
    /// <summary>Addresses that no mail server can have: unspecified, multicast, broadcast, documentation, reserved.</summary>
    Reserved,
    /// <summary>Cloud metadata services, which give credentials of the machine to any client that can connect.</summary>
    Metadata,
}

/// <summary>Classifies addresses by the IANA special-purpose registries for IPv4 and IPv6, of 2025. Of IPv6 only 2000::/3 is assigned to the public.</summary>
public static class AddressScopes
{
    private static readonly IPNetwork PublicV6 = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork Nat64Local = IPNetwork.Parse("64:ff9b:1::/48");

    /// <summary>The IPv6 forms with an IPv4 address inside, and the byte at which it begins. Teredo (RFC 4380 section 4) has its bits flipped.</summary>
    private static readonly (IPNetwork Network, int Offset, bool Flipped)[] Embedding =
    [
        (IPNetwork.Parse("::ffff:0:0:0/96"), 12, false),  // IPv4-translated (RFC 2765)
        (IPNetwork.Parse("::/96"), 12, false),            // IPv4-compatible
        (IPNetwork.Parse("64:ff9b::/96"), 12, false),     // NAT64 (RFC 6052)
        (IPNetwork.Parse("2002::/16"), 2, false),         // 6to4
        (IPNetwork.Parse("2001::/32"), 12, true),         // Teredo
    ];

    private static readonly (IPNetwork Network, AddressScope Scope)[] Special =
    [
        .. Of(AddressScope.Metadata,
            "169.254.169.254/32", "fd00:ec2::254/128", "fd20:ce::254/128",   // AWS, Azure, Google, OpenStack and most others
            "169.254.170.2/32", "169.254.170.23/32", "fd00:ec2::23/128",     // credentials of AWS containers
            "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",      // Alibaba, Azure, Oracle
            "169.254.42.42/32", "fd00:42::42/128", "169.254.0.23/32"),       // Scaleway, Tencent
        .. Of(AddressScope.Private,
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10",
            "::1/128", "fe80::/10", "fec0::/10", "fc00::/7"),
        .. Of(AddressScope.Reserved,
            "0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/128", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "ff00::/8"),
    ];

    /// <summary>Returns the scope of an address. An address inside another is judged, too, and the worse of both counts; public servers do not use addresses that hide another one.</summary>
    public static AddressScope Of(IPAddress address) => address.IsIPv4MappedToIPv6
        ? AtLeastPrivate(Of(address.MapToIPv4()))   // IPNetwork would compare the four bytes with the first four of its own, of either kind
        : Embedded(address).Select(inner => AtLeastPrivate(Of(inner))).Append(Outer(address)).Max();

    /// <summary>
    /// Returns whether packets to the address may cross public networks. If an address contains a public IPv4 address, they do, because a translator or a tunnel takes the packets there.
    /// <see cref="Of(IPAddress)"/> calls such an address private, because no public server has an address of this form.
    /// </summary>
    public static bool LeadsToPublic(IPAddress address) => address.IsIPv4MappedToIPv6
        ? LeadsToPublic(address.MapToIPv4())
        : Outer(address) == AddressScope.Public || Nat64Local.Contains(address) || Embedded(address).Any(LeadsToPublic);

    private static AddressScope AtLeastPrivate(AddressScope scope) => scope > AddressScope.Private ? scope : AddressScope.Private;

    private static AddressScope Outer(IPAddress address)
    {
        foreach (var (network, scope) in Special)
        {
            if (network.Contains(address))
            {
                return scope;
            }
        }
        return address.AddressFamily == AddressFamily.InterNetwork || PublicV6.Contains(address) ? AddressScope.Public : AddressScope.Private;
    }

    private static IEnumerable<IPAddress> Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || IPAddress.IsLoopback(address))
        {
            yield break;
        }
        var bytes = address.GetAddressBytes();
        foreach (var (network, offset, flipped) in Embedding)
        {
            if (network.Contains(address))
            {
                yield return new IPAddress([.. bytes[offset..(offset + 4)].Select(b => flipped ? (byte)~b : b)]);
            }
        }
        if (Nat64Local.Contains(address))
        {
            // How long the local prefix is cannot be seen (RFC 8215): 96 bits, or 48 with the address around byte 8 (RFC 6052 section 2.2). The wrong
            // reading gives nonsense, so only the worst is believed.
            IPAddress[] readings = [new IPAddress(bytes.AsSpan(12, 4)), new IPAddress([bytes[6], bytes[7], bytes[9], bytes[10]])];
            foreach (var reading in readings.Where(reading => Of(reading) == AddressScope.Metadata))
            {
                yield return reading;
            }
        }
    }

    private static IEnumerable<(IPNetwork Network, AddressScope Scope)> Of(AddressScope scope, params string[] networks) =>
        networks.Select(network => (IPNetwork.Parse(network), scope));
}
