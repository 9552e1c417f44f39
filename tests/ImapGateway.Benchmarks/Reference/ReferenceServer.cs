using System.Text.RegularExpressions;
using ImapGateway.Benchmarks.Load;
using ImapGateway.IntegrationTests;
using ImapGateway.IntegrationTests.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace ImapGateway.Benchmarks.Reference;

/// <summary>What ASP.NET Core can do at best: a minimal API in a process of its own that answers <c>/static</c> with bytes from memory and <c>/empty</c> with nothing.</summary>
public sealed partial class ReferenceServer : IAsyncDisposable
{
    public const string Command = "reference-server";

    private readonly TemporaryDirectory _directory = new();
    private readonly MeasuredProcess _cost;
    private ChildProcess? _process;
    private Uri? _address;

    private ReferenceServer() => _cost = new MeasuredProcess(() => _process!.Id);

    public MeasuredProcess Cost => _cost;

    public Uri Static => new(_address!, "/static");

    public Uri Empty => new(_address!, "/empty");

    /// <param name="content">What <c>/static</c> answers.</param>
    public static async Task<ReferenceServer> Start(byte[] content)
    {
        var server = new ReferenceServer();
        await File.WriteAllBytesAsync(server._directory["content"], content);
        var environment = server._cost.Environment.Append(("ASPNETCORE_URLS", "http://127.0.0.1:0")).ToDictionary(one => one.Item1, one => one.Item2);
        string[] arguments = [typeof(ReferenceServer).Assembly.Location, Command, server._directory["content"]];
        server._process = await ChildProcess.Start(GatewayProcess.DotnetHost, arguments, environment);
        server._address = new Uri(ListeningOn().Match(await server._process.Output.First(line => ListeningOn().IsMatch(line))).Groups[1].Value);
        return server;
    }

    /// <summary>The server's own process. What can be set is set as the gateway sets it.</summary>
    public static async Task RunAsync(string file)
    {
        var content = await File.ReadAllBytesAsync(file);
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Logging:LogLevel:Microsoft"] = "Warning", ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Information" });
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        var app = builder.Build();
        app.MapGet("/static", () => TypedResults.Bytes(content, "application/json; charset=utf-8"));
        app.MapGet("/empty", () => TypedResults.NoContent());
        await app.RunAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
        _cost.Dispose();
        _directory.Dispose();
    }

    [GeneratedRegex(@"Now listening on: (http://[^\s""]+)")]
    private static partial Regex ListeningOn();
}
