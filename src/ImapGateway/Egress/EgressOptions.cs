using ImapGateway.Settings;

namespace ImapGateway.Egress;

public sealed class EgressOptions : ISettings
{
    /// <summary>Opens private, loopback and link-local addresses; never those of cloud metadata.</summary>
    public bool AllowPrivateNetworks { get; set; }

    /// <summary>Of mail servers, IMAP and SMTP.</summary>
    public EgressTargets Imap { get; } = new();

    public IEnumerable<(string Key, string Message)> Validate()
    {
        for (var i = 0; i < Imap.Allow.Count; i++)
        {
            if (AllowedTarget.Parse(Imap.Allow[i]) is null)
            {
                yield return ($"{nameof(Imap)}:{nameof(EgressTargets.Allow)}:{i}", $"\"{Imap.Allow[i]}\" is neither an address, nor a network such as 10.0.0.0/8, nor a host name");
            }
        }
    }
}

public sealed class EgressTargets
{
    /// <summary>Addresses, networks (CIDR) and host names that are allowed whatever they are.</summary>
    public IReadOnlyList<string> Allow { get; set; } = [];
}
