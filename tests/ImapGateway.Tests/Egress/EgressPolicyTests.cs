using System.Net;
using ImapGateway.Egress;
using Microsoft.Extensions.Options;

namespace ImapGateway.Tests.Egress;

public class EgressPolicyTests
{
    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("126.255.255.255")]
    [InlineData("128.0.0.1")]
    [InlineData("169.253.255.255")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.167.255.255")]
    [InlineData("223.255.255.255")]
    [InlineData("2a00:1450:4001::6d")]
    [InlineData("2606:4700::1111")]
    public void Public_addresses_are_allowed(string address) => Assert.Equal(AddressScope.Public, Scope(address));

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("10.255.255.255")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("169.254.1.1")]
    [InlineData("100.64.0.1")]
    [InlineData("100.127.255.255")]
    [InlineData("::1")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%2")]
    [InlineData("febf::1")]
    [InlineData("fec0::1")]
    [InlineData("fc00::1")]
    [InlineData("fd12:3456::1")]
    [InlineData("4000::1")]                     // not given out yet
    [InlineData("::ffff:127.0.0.1")]            // IPv4-mapped
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("::ffff:0:10.0.0.1")]           // IPv4-translated
    [InlineData("::127.0.0.1")]                 // IPv4-compatible
    [InlineData("::8.8.8.8")]
    [InlineData("64:ff9b::7f00:1")]             // NAT64
    [InlineData("64:ff9b::808:808")]
    [InlineData("64:ff9b:1::a00:1")]
    [InlineData("64:ff9b:1:808:8:800::")]
    [InlineData("64:ff9b:1::808:808")]          // NAT64, local prefix
    [InlineData("2002:7f00:1::")]               // 6to4
    [InlineData("2002:808:808::1")]
    public void Private_addresses_need_the_broad_switch(string address)
    {
        Assert.Equal(AddressScope.Private, Scope(address));
        Assert.False(Policy().Allows(EgressPurpose.Imap, "host", IPAddress.Parse(address)));
        Assert.True(Policy(privateNetworks: true).Allows(EgressPurpose.Imap, "host", IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("192.0.0.8")]
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.51.100.7")]
    [InlineData("203.0.113.9")]
    [InlineData("::")]
    [InlineData("ff02::1")]
    [InlineData("100::1")]
    [InlineData("2001:db8::1")]
    [InlineData("3fff::1")]
    [InlineData("2001:2::1")]
    [InlineData("2001:0:4136:e378:8000:63bf:80ff:fffe")]   // Teredo, of 127.0.0.1
    [InlineData("::ffff:0.0.0.0")]
    [InlineData("64:ff9b::e000:1")]
    [InlineData("2002:e000:1::")]
    public void Reserved_addresses_need_an_entry_of_the_list(string address)
    {
        Assert.Equal(AddressScope.Reserved, Scope(address));
        Assert.False(Policy(privateNetworks: true).Allows(EgressPurpose.Imap, "host", IPAddress.Parse(address)));
        Assert.True(Policy(allow: ["::/0", "0.0.0.0/0"]).Allows(EgressPurpose.Imap, "host", IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("169.254.170.2")]
    [InlineData("100.100.100.200")]
    [InlineData("168.63.129.16")]
    [InlineData("192.0.0.192")]
    [InlineData("fd00:ec2::254")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::169.254.169.254")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b:1:a9fe:a9:fe00::")]
    [InlineData("64:ff9b:1::a9fe:a9fe")]
    [InlineData("2002:a9fe:a9fe::1")]
    [InlineData("2001:0:4136:e378:8000:63bf:5601:5601")]
    public void Metadata_addresses_are_opened_by_their_own_name_only(string address)
    {
        var metadata = IPAddress.Parse(address);
        Assert.Equal(AddressScope.Metadata, Scope(address));
        Assert.False(Policy(privateNetworks: true, allow: ["0.0.0.0/0", "::/0", "169.254.0.0/16", "other"]).Allows(EgressPurpose.Imap, "host", metadata));
        Assert.True(Policy(allow: [address]).Allows(EgressPurpose.Imap, "host", metadata));
        Assert.True(Policy(allow: ["host"]).Allows(EgressPurpose.Imap, "host", metadata));
    }

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("2606:4700::1111")]
    [InlineData("::ffff:8.8.8.8")]              // IPv4-mapped
    [InlineData("::ffff:0:8.8.8.8")]            // IPv4-translated
    [InlineData("::8.8.8.8")]                   // IPv4-compatible
    [InlineData("64:ff9b::808:808")]            // NAT64
    [InlineData("64:ff9b:1::a00:1")]            // NAT64, local prefix: where it leads cannot be seen
    [InlineData("2002:808:808::1")]             // 6to4
    [InlineData("2002:a00:1::1")]
    [InlineData("2001:0:4136:e378:8000:63bf:f7f7:f7f7")] // Teredo
    public void Plaintext_over_public_networks_needs_its_own_switch(string address)
    {
        var target = IPAddress.Parse(address);
        foreach (var purpose in new[] { EgressPurpose.Imap, EgressPurpose.Smtp })
        {
            Assert.False(Policy(privateNetworks: true, allow: ["host", "::/0", "0.0.0.0/0"]).AllowsPlaintext(purpose, "host", target));
            Assert.True(new EgressPolicy(Options.Create(new EgressOptions { AllowPlaintext = true })).AllowsPlaintext(purpose, "host", target));
        }
        // A switch for private networks or for mail servers says nothing of a receiver on a public network; its name in the list does.
        Assert.False(new EgressPolicy(Options.Create(new EgressOptions { AllowPrivateNetworks = true, AllowPlaintext = true })).AllowsPlaintext(EgressPurpose.Webhooks, "host", target));
        Assert.True(new EgressPolicy(Options.Create(new EgressOptions { Webhooks = { Allow = ["host"] } })).AllowsPlaintext(EgressPurpose.Webhooks, "host", target));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.0.0.1")]
    [InlineData("169.254.1.1")]
    [InlineData("100.64.0.1")]
    [InlineData("::1")]
    [InlineData("fd12:3456::1")]
    [InlineData("fe80::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    public void Plaintext_within_private_networks_needs_no_other_switch_than_theirs(string address)
    {
        Assert.True(Policy().AllowsPlaintext(EgressPurpose.Imap, "host", IPAddress.Parse(address)));
        Assert.False(Policy().Allows(EgressPurpose.Imap, "host", IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("10.1.0.0/16", "mail.example", "10.1.2.3", true)]
    [InlineData("10.1.0.0/16", "mail.example", "10.2.2.3", false)]
    [InlineData("10.1.2.3", "mail.example", "10.1.2.3", true)]
    [InlineData("10.1.2.3", "mail.example", "10.1.2.4", false)]
    [InlineData("fd00:1::/32", "mail.example", "fd00:1::5", true)]
    [InlineData("10.1.0.0/16", "mail.example", "::ffff:10.1.2.3", true)]
    [InlineData("a01::/16", "mail.example", "10.1.2.3", false)]          // the same bits of another kind
    [InlineData("a01::/16", "mail.example", "::ffff:10.1.2.3", false)]
    [InlineData("mail.internal", "MAIL.internal.", "10.1.2.3", true)]
    [InlineData("mail.internal", "evil.mail.internal", "10.1.2.3", false)]
    [InlineData("mail.internal", "10.1.2.3", "10.1.2.3", false)]
    public void The_list_opens_networks_and_hosts(string entry, string host, string address, bool allowed)
    {
        Assert.Equal(allowed, Policy(allow: [entry]).Allows(EgressPurpose.Imap, host, IPAddress.Parse(address)));
        Assert.Equal(allowed, Policy(allow: [entry]).Allows(EgressPurpose.Smtp, host, IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.1/8")]      // bits behind the prefix: which of both was meant?
    [InlineData("10.1")]            // would be read as 10.0.0.1
    [InlineData("010.0.0.1")]       // would be read as 8.0.0.1
    [InlineData("10.1/16")]
    [InlineData("::ffff:10.0.0.0/104")]
    [InlineData("999.0.0.1")]
    [InlineData("*.example")]
    [InlineData("https://mail.example")]
    [InlineData("mail.example:993")]
    public void A_senseless_entry_is_named_with_its_key(string entry)
    {
        var options = new EgressOptions { Imap = { Allow = ["10.0.0.0/8", entry] } };
        Assert.Equal("Imap:Allow:1", Assert.Single(options.Validate()).Key);
    }

    private static AddressScope Scope(string address) => AddressScopes.Of(IPAddress.Parse(address));

    private static EgressPolicy Policy(bool privateNetworks = false, params string[] allow) =>
        new(Options.Create(new EgressOptions { AllowPrivateNetworks = privateNetworks, Imap = { Allow = allow } }));
}
