using System.Net;
using System.Net.Sockets;
using ImapGateway.Egress;
using ImapGateway.Webhooks;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Sending;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ImapGateway.Tests.Webhooks.Sending;

/// <summary>Where webhooks may be sent to: judged by the address that is connected, whatever name led there.</summary>
public sealed class WebhookEgressTests : IDisposable
{
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);

    public WebhookEgressTests() => _server.Start();

    private int Port => ((IPEndPoint)_server.LocalEndpoint).Port;

    public void Dispose() => _server.Dispose();

    private static EgressPolicy Policy(bool privateNetworks, params string[] allow) =>
        new(Options.Create(new EgressOptions { AllowPrivateNetworks = privateNetworks, Webhooks = { Allow = allow }, Imap = { Allow = ["127.0.0.1", "10.0.0.0/8"] } }));

    private async Task<Attempt> Call(EgressPolicy policy, string host, params string[] addresses)
    {
        var connector = new EgressConnector(policy, TimeProvider.System, (_, _) => Task.FromResult(addresses.Select(IPAddress.Parse).ToArray()));
        using var sender = new WebhookSender(connector, Options.Create(new WebhooksOptions { Timeout = TimeSpan.FromSeconds(2) }), TimeProvider.System, NullLogger<WebhookSender>.Instance);
        return await sender.SendAsync(Webhook($"http://{host}:{Port}/"), "e_1", PayloadForm.Standard, "{}"u8.ToArray(), default);
    }

    private static LoadedWebhook Webhook(string url)
    {
        var protector = new WebhookProtector(new EphemeralDataProtectionProvider());
        return LoadedWebhook.Of(SampleWebhook.Row(url: url, secret: protector.ProtectSecret("wh_1", WebhookSecret.New())), protector);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.0.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("169.254.1.1")]
    [InlineData("169.254.169.254")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("0.0.0.0")]
    [InlineData("::1")]
    [InlineData("fe80::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("ff02::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    public async Task A_name_that_leads_to_what_is_refused_is_not_called(string address)
    {
        var attempt = await Call(Policy(false), "rebound.example", address);
        Assert.Equal((null, AttemptError.Refused), (attempt.Status, attempt.Error));
        Assert.False(_server.Pending());
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("224.0.0.1")]
    public async Task The_broad_switch_opens_neither_metadata_nor_multicast(string address) =>
        Assert.Equal(AttemptError.Refused, (await Call(Policy(true), "metadata.example", address)).Error);

    [Fact]
    public async Task What_is_allowed_for_mail_servers_is_not_allowed_for_webhooks() => Assert.Equal(AttemptError.Refused, (await Call(Policy(false), "hook.example", "127.0.0.1")).Error);

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.0/8")]
    [InlineData("hook.example")]
    public async Task The_operator_can_allow_an_address_a_network_or_a_host(string allow)
    {
        var calling = Call(Policy(false, allow), "hook.example", "127.0.0.1");
        using var client = await _server.AcceptTcpClientAsync();
        await client.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray());
        var attempt = await calling;
        Assert.Equal((200, "ok"), (attempt.Status, System.Text.Encoding.UTF8.GetString(attempt.Answer)));
    }

    [Fact]
    public async Task Only_the_allowed_one_of_several_addresses_is_called()
    {
        var calling = Call(Policy(false, "127.0.0.1"), "hook.example", "169.254.169.254", "10.0.0.1", "127.0.0.1");
        using var client = await _server.AcceptTcpClientAsync();
        await client.GetStream().WriteAsync("HTTP/1.1 204 No Content\r\n\r\n"u8.ToArray());
        Assert.True((await calling).Succeeded);
    }

    [Theory]
    [InlineData("http://hook.example/", false)]
    [InlineData("https://hook.example/", true)]
    [InlineData("https://hook.example:8443/a?b=c", true)]
    [InlineData("http://allowed.example/", true)]
    [InlineData("http://10.1.2.3/", true)]
    [InlineData("https://127.0.0.1/", false)]
    [InlineData("https://2130706433/", false)]
    [InlineData("https://[::1]/", false)]
    [InlineData("https://169.254.169.254/", false)]
    [InlineData("https://user:secret@hook.example/", false)]
    [InlineData("https://hook.example/#here", false)]
    [InlineData("ftp://hook.example/", false)]
    [InlineData("/hook", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void An_address_that_can_never_be_called_is_refused_at_once(string? url, bool expected)
    {
        var errors = new ImapGateway.Mail.RequestErrors();
        UrlRules.Check(url, Policy(false, "allowed.example", "10.0.0.0/8"), errors);
        var refused = Record.Exception(() => errors.ThrowIfAny());
        Assert.Equal(expected, refused is null);
    }
}
