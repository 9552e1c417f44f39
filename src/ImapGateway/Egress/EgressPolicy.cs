using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Options;

namespace ImapGateway.Egress;

/// <summary>The purpose of a connection. Each has its own allow list; mail servers share one.</summary>
public enum EgressPurpose
{
    Imap,
    Smtp,
    Webhooks,
}

/// <summary>Decides on a resolved address: a name does not show its address, and may resolve to another one a moment later.</summary>
public sealed class EgressPolicy
{
    private readonly bool _privateNetworks;
    private readonly bool _plaintext;
    private readonly ImmutableArray<AllowedTarget> _mail;
    private readonly ImmutableArray<AllowedTarget> _webhooks;

    public EgressPolicy(IOptions<EgressOptions> options)
    {
        _privateNetworks = options.Value.AllowPrivateNetworks;
        _plaintext = options.Value.AllowPlaintext;
        _mail = Targets(options.Value.Imap);
        _webhooks = Targets(options.Value.Webhooks);
    }

    /// <summary>Returns the setting with which an operator allows a refused target.</summary>
    public static string AllowList(EgressPurpose purpose) => purpose == EgressPurpose.Webhooks ? "Egress:Webhooks:Allow" : "Egress:Imap:Allow";

    /// <summary>
    /// Returns whether a URL with this host may be http: if private networks are allowed, or if the operator has named the host. <see cref="AllowsPlaintext"/> decides on the connection once the
    /// address is known.
    /// </summary>
    public bool AllowsPlain(EgressPurpose purpose, string host) =>
        _privateNetworks || Allowed(purpose).Any(target => target.Includes(host, IPAddress.TryParse(host.Trim('[', ']'), out var address) ? address : IPAddress.None));

    /// <param name="purpose">The purpose, which chooses the allow list.</param>
    /// <param name="host">The host as the client gave it.</param>
    /// <param name="address">The address that the host has resolved to.</param>
    public bool Allows(EgressPurpose purpose, string host, IPAddress address) => AddressScopes.Of(address) switch
    {
        AddressScope.Public => true,
        AddressScope.Private when _privateNetworks => true,
        // A network in the list is meant for servers; it includes a metadata address only by mistake.
        AddressScope.Metadata => Allowed(purpose).Any(target => target.Names(host, address)),
        _ => Allowed(purpose).Any(target => target.Includes(host, address)),
    };

    /// <summary>
    /// Returns whether a connection to this address, which <see cref="Allows"/> allows, may be without TLS. For a public address it may only if the operator has allowed it: for webhooks by naming
    /// the host in the allow list, for mail servers by Egress:AllowPlaintext.
    /// </summary>
    public bool AllowsPlaintext(EgressPurpose purpose, string host, IPAddress address) =>
        !AddressScopes.LeadsToPublic(address) || (purpose == EgressPurpose.Webhooks ? Allowed(purpose).Any(target => target.Includes(host, address)) : _plaintext);

    private ImmutableArray<AllowedTarget> Allowed(EgressPurpose purpose) => purpose switch
    {
        EgressPurpose.Imap or EgressPurpose.Smtp => _mail,
        EgressPurpose.Webhooks => _webhooks,
        _ => [],
    };

    private static ImmutableArray<AllowedTarget> Targets(EgressTargets targets) => [.. targets.Allow.Select(AllowedTarget.Parse).OfType<AllowedTarget>()];
}
