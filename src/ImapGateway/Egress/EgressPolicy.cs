using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Options;

namespace ImapGateway.Egress;

/// <summary>What a connection is for: each has its own allow list, mail servers share one.</summary>
public enum EgressPurpose
{
    Imap,
    Smtp,
    Webhooks,
}

/// <summary>Decides on a resolved address: a name says nothing about where it leads, and may say something else a moment later.</summary>
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

    /// <summary>The setting with which an operator opens what is refused.</summary>
    public static string AllowList(EgressPurpose purpose) => purpose == EgressPurpose.Webhooks ? "Egress:Webhooks:Allow" : "Egress:Imap:Allow";

    /// <summary>
    /// Whether a URL with this host may be http: where private networks are allowed, or where the operator has named the host. A connection is decided by
    /// <see cref="AllowsPlaintext"/>, once the address is known.
    /// </summary>
    public bool AllowsPlain(EgressPurpose purpose, string host) =>
        _privateNetworks || Allowed(purpose).Any(target => target.Includes(host, IPAddress.TryParse(host.Trim('[', ']'), out var address) ? address : IPAddress.None));

    /// <param name="purpose">Chooses the allow list.</param>
    /// <param name="host">As the client gave it.</param>
    /// <param name="address">What it has resolved to.</param>
    public bool Allows(EgressPurpose purpose, string host, IPAddress address) => AddressScopes.Of(address) switch
    {
        AddressScope.Public => true,
        AddressScope.Private when _privateNetworks => true,
        // A network in the list is meant for servers; that it holds a metadata address as well is an oversight.
        AddressScope.Metadata => Allowed(purpose).Any(target => target.Names(host, address)),
        _ => Allowed(purpose).Any(target => target.Includes(host, address)),
    };

    /// <summary>
    /// Whether a connection to this address, which <see cref="Allows"/> allows, may do without TLS. To a public address only where the operator has said so: for webhooks by naming
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
