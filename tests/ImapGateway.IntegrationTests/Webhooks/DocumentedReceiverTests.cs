using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using ImapGateway.IntegrationTests.Contract;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Webhooks;

/// <summary>The receivers that docs/webhooks.md shows, run as they stand there: they take what the gateway sends, and nothing else.</summary>
[Trait("Category", "judges")]
public sealed partial class DocumentedReceiverTests
{
    [Fact]
    public Task The_receiver_in_Python_takes_a_webhook_and_refuses_a_forged_one() => Receives("python", "receiver.py", "exec python3 receiver.py");

    [Fact]
    public Task The_receiver_in_CSharp_takes_a_webhook_and_refuses_a_forged_one() =>
        // As `dotnet run` does, but without it as a parent that would have to end its child.
        Receives("csharp", "receiver.cs", "dotnet build receiver.cs -o out -v q && exec dotnet out/receiver.dll");

    [Fact]
    public async Task The_receiver_in_TypeScript_takes_a_webhook_and_refuses_a_forged_one()
    {
        await Judges.Tool("typescript", "bin/tsc", "--version");
        // As in a project that has the packages: these are those of the judges.
        await Receives(
            "typescript",
            "receiver.ts",
            $"ln -s '{Path.Combine(Judges.Root, "tests", "judges", "node_modules")}' node_modules && echo '{{\"type\":\"module\"}}' > package.json"
                + " && node node_modules/typescript/bin/tsc --strict --target es2022 --module nodenext --skipLibCheck --types node receiver.ts && exec node receiver.js");
    }

    private static async Task Receives(string language, string name, string command)
    {
        await using var world = await World.WithDovecot();
        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder[name], Snippet(language));
        var port = FreePort.Next();
        var url = new Uri($"http://127.0.0.1:{port}/");
        var made = (await world.Api.Post("/v1/webhooks", new { url, types = new[] { "webhook.test" } })).Is(HttpStatusCode.Created);
        var environment = new Dictionary<string, string>
        {
            ["WEBHOOK_SECRET"] = made.Text("secret"),
            ["PORT"] = $"{port}",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            ["DOTNET_NOLOGO"] = "1",
            // No server of the compiler stays behind.
            ["UseSharedCompilation"] = "false",
            ["MSBUILDDISABLENODEREUSE"] = "1",
        };
        await using var receiver = await ChildProcess.Start("/usr/bin/env", ["--chdir", folder.Path, "sh", "-c", command], environment, deathSignal: "TERM");
        using var client = new HttpClient();
        await TestWait.For(async () => receiver.HasExited || await Listens(client, url));
        Assert.False(receiver.HasExited, string.Join('\n', receiver.Output.Entries));

        (await world.Api.Post($"/v1/webhooks/{made.Text("id")}/test")).Is(HttpStatusCode.OK);
        await receiver.Output.First(line => line.EndsWith(" webhook.test", StringComparison.Ordinal));

        using var forged = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes("{\"type\":\"message.added\"}")) };
        forged.Headers.Add("webhook-id", "e_1");
        forged.Headers.Add("webhook-timestamp", $"{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}");
        forged.Headers.Add("webhook-signature", "v1," + Convert.ToBase64String(new byte[32]));
        using var answer = await client.SendAsync(forged);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.DoesNotContain(receiver.Output.Entries, line => line.Contains("message.added", StringComparison.Ordinal));
        (await world.Api.Delete($"/v1/webhooks/{made.Text("id")}")).Is(HttpStatusCode.NoContent);
    }

    private static string Snippet(string language) =>
        Fence().Matches(File.ReadAllText(Path.Combine(Judges.Root, "docs", "webhooks.md"))).Single(match => match.Groups["language"].Value == language).Groups["code"].Value;

    private static async Task<bool> Listens(HttpClient client, Uri url)
    {
        try
        {
            using var answer = await client.GetAsync(url);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^```(?<language>python|typescript|csharp)\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
