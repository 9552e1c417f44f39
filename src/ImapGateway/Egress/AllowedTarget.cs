using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ImapGateway.Egress;

/// <summary>An entry of an allow list: a network, or a host name that is trusted with any address it resolves to.</summary>
public sealed record AllowedTarget(IPNetwork? Network, string? Host)
{
    /// <summary>Parses an entry, or returns null if the text is neither. A network must have no bits behind its prefix; addresses are written in full.</summary>
    public static AllowedTarget? Parse(string text)
    {
        if (IPNetwork.TryParse(text, out var network))
        {
            var written = text[..text.IndexOf('/', StringComparison.Ordinal)];
            return IsWrittenInFull(written, network.BaseAddress) && !network.BaseAddress.IsIPv4MappedToIPv6 ? new AllowedTarget(network, null) : null;
        }
        if (IPAddress.TryParse(text, out var address))
        {
            return IsWrittenInFull(text, address) ? new AllowedTarget(new IPNetwork(Plain(address), Bits(Plain(address))), null) : null;
        }
        var name = text.TrimEnd('.');
        var looksLikeAddress = int.TryParse(name[(name.LastIndexOf('.') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out _);
        return !looksLikeAddress && Uri.CheckHostName(name) == UriHostNameType.Dns ? new AllowedTarget(null, name) : null;
    }

    public bool Includes(string host, IPAddress address) => Network is { } network
        ? network.BaseAddress.AddressFamily == Plain(address).AddressFamily && network.Contains(Plain(address))
        : string.Equals(Host, host.TrimEnd('.'), StringComparison.OrdinalIgnoreCase);

    /// <summary>True if the entry names exactly this address or host, so that it cannot be allowed by accident.</summary>
    public bool Names(string host, IPAddress address) => Includes(host, address) && (Network is not { } network || network.PrefixLength == Bits(Plain(address)));

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static int Bits(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;

    /// <summary>True if the address is written in full. 10.1 would be read as 10.0.0.1, and 010.0.0.1 as 8.0.0.1.</summary>
    private static bool IsWrittenInFull(string text, IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == text;
}
