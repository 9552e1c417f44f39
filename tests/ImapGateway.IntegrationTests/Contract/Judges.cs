using System.Collections.ObjectModel;
using System.Security.Cryptography;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Contract;

/// <summary>
/// The public tools of tests/judges, installed as its lock file says, once for all runs that have the same one. A test is skipped where npm's registry is out of
/// reach, and fails where they cannot be installed for any other reason.
/// </summary>
public static class Judges
{
    private const string Env = "/usr/bin/env";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly Lazy<Task<string?>> Installed = new(Install);

    /// <summary>Where ImapGateway.sln stands.</summary>
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    public static string Document => Path.Combine(Root, "schema", "openapi.json");

    private static string Folder => Path.Combine(Root, "tests", "judges");

    /// <summary>What a program of ours prints; the test fails unless it ends with 0.</summary>
    public static Task<IReadOnlyList<string>> Run(string script, params IEnumerable<string> arguments) => Demand(Env, ["node", Path.Combine(Folder, script), .. arguments]);

    /// <summary>What a tool prints, run in tests/judges; the test fails unless it ends with 0.</summary>
    public static Task<IReadOnlyList<string>> Tool(string package, string script, params IEnumerable<string> arguments) =>
        Demand(Env, ["--chdir", Folder, "node", Path.Combine(Folder, "node_modules", package, script), .. arguments]);

    private static async Task<IReadOnlyList<string>> Demand(string file, IEnumerable<string> arguments)
    {
        if (await Installed.Value is { } unreachable)
        {
            Assert.Skip($"npm's registry cannot be reached: {unreachable}");
        }
        var (code, output) = await Execute(file, arguments);
        Assert.True(code == 0, $"It ended with {code}:\n{string.Join('\n', output)}");
        return output;
    }

    /// <summary>What npm says where it cannot reach its registry; null where all is there.</summary>
    private static async Task<string?> Install()
    {
        var wanted = Convert.ToHexString(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(Folder, "package-lock.json"))));
        var mark = Path.Combine(Folder, "node_modules", ".installed");
        // Runs of other checkouts and other runs of this one are other processes: whoever holds the file installs.
        await using var turn = await Turn(Path.Combine(Folder, ".lock"));
        if (File.Exists(mark) && await File.ReadAllTextAsync(mark) == wanted)
        {
            return null;
        }
        var (code, output) = await Execute(Env, ["--chdir", Folder, "npm", "ci", "--no-progress"]);
        Assert.True(code != 127, "npm is missing: ./dev test installs it.");
        if (code != 0)
        {
            var offline = output.FirstOrDefault(line => new[] { "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH" }.Any(line.Contains));
            return offline ?? throw new InvalidOperationException($"npm ci ended with {code}:\n{string.Join('\n', output)}");
        }
        await File.WriteAllTextAsync(mark, wanted);
        return null;
    }

    private static async Task<FileStream> Turn(string file)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(100, deadline.Token);
            }
        }
    }

    private static async Task<(int Code, IReadOnlyList<string> Output)> Execute(string file, IEnumerable<string> arguments)
    {
        var environment = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .Select(entry => ((string)entry.Key, (string)entry.Value!))
            .Where(entry => IsOfTools(entry.Item1))
            .Append(("REDOCLY_TELEMETRY", "off"))
            .Append(("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"))
            .ToDictionary(entry => entry.Item1, entry => entry.Item2);
        await using var child = await ChildProcess.Start(file, arguments, new ReadOnlyDictionary<string, string>(environment), deathSignal: "TERM");
        using var deadline = new CancellationTokenSource(Patience);
        await child.Exited(deadline.Token);
        return (child.ExitCode, child.Output.Entries);
    }

    /// <summary>How npm and Node.js find a registry, a proxy and certificates here.</summary>
    private static bool IsOfTools(string name) =>
        name.StartsWith("npm_config_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("NODE_", StringComparison.Ordinal) || name.EndsWith("_PROXY", StringComparison.OrdinalIgnoreCase);

    private static string FindRoot(string? folder)
    {
        while (folder is not null && !File.Exists(Path.Combine(folder, "ImapGateway.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return folder ?? throw new InvalidOperationException("The tests run outside of the repository.");
    }
}
