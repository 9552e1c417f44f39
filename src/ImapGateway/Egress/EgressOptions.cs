using ImapGateway.Settings;

namespace ImapGateway.Egress;

public sealed class EgressOptions : ISettings
{
    /// <summary>Allows private, loopback and link-local addresses, but never those of cloud metadata.</summary>
    public bool AllowPrivateNetworks { get; set; }

    /// <summary>Allows connections without TLS to mail servers on public networks. Passwords and mail can then be read on the way.</summary>
    public bool AllowPlaintext { get; set; }

    /// <summary>The targets for mail servers, IMAP and SMTP.</summary>
    public EgressTargets Imap { get; } = new();

    /// <summary>The targets for receivers of webhooks.</summary>
    public EgressTargets Webhooks { get; } = new();

    public IEnumerable<(string Key, string Message)> Validate() => Validate(nameof(Imap), Imap).Concat(Validate(nameof(Webhooks), Webhooks));

    private static IEnumerable<(string Key, string Message)> Validate(string section, EgressTargets targets)
    {
        for (var i = 0; i < targets.Allow.Count; i++)
        {
            if (AllowedTarget.Parse(targets.Allow[i]) is null)
            {
                yield return ($"{section}:{nameof(EgressTargets.Allow)}:{i}", $"\"{targets.Allow[i]}\" is neither an address, nor a network such as 10.0.0.0/8, nor a host name");
            }
        }
    }
}

public sealed class EgressTargets
{
    /// <summary>The addresses, networks (CIDR) and host names that are allowed, whichever kind of address they have.</summary>
    public IReadOnlyList<string> Allow { get; set; } = [];
}
