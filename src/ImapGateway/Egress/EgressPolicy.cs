using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Options;

namespace ImapGateway.Egress;

/// <summary>What a connection is for: each has its own allow list, mail servers share one.</summary>
public enum EgressPurpose
{
    Imap,
    Smtp,
}

/// <summary>Decides on a resolved address: a name says nothing about where it leads, and may say something else a moment later.</summary>
public sealed class EgressPolicy
{
    private readonly bool _privateNetworks;
    private readonly ImmutableArray<AllowedTarget> _mail;

    public EgressPolicy(IOptions<EgressOptions> options)
    {
        _privateNetworks = options.Value.AllowPrivateNetworks;
        _mail = [.. options.Value.Imap.Allow.Select(AllowedTarget.Parse).OfType<AllowedTarget>()];
    }

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

    private ImmutableArray<AllowedTarget> Allowed(EgressPurpose purpose) => purpose switch
    {
        EgressPurpose.Imap or EgressPurpose.Smtp => _mail,
        _ => [],
    };
}
