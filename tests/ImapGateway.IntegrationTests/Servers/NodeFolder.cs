using System.Security.Cryptography;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>A folder with programs for Node.js, whose packages are installed as its lock file says, once for all runs that have the same one.</summary>
public sealed class NodeFolder(string path)
{
    private const string Env = "/usr/bin/env";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Lazy<Task<string?>> _installed = new(() => Install(path));

    public string Path => path;

    /// <summary>What npm says where it cannot reach its registry; null where all is installed.</summary>
    public Task<string?> Installed => _installed.Value;

    /// <summary>A program of the folder that goes on until it is stopped.</summary>
    public Task<ChildProcess> Start(string script, params IEnumerable<string> arguments) => Child(["node", System.IO.Path.Combine(path, script), .. arguments]);

    /// <summary>Runs a command, found by PATH, to its end.</summary>
    public static async Task<(int Code, IReadOnlyList<string> Output)> Run(params IEnumerable<string> command)
    {
        await using var child = await Child(command);
        using var deadline = new CancellationTokenSource(Patience);
        await child.Exited(deadline.Token);
        return (child.ExitCode, child.Output.Entries);
    }

    private static async Task<string?> Install(string path)
    {
        var wanted = Convert.ToHexString(SHA256.HashData(await File.ReadAllBytesAsync(System.IO.Path.Combine(path, "package-lock.json"))));
        var mark = System.IO.Path.Combine(path, "node_modules", ".installed");
        // Runs of other checkouts and other runs of this one are other processes: whoever holds the file installs.
        await using var turn = await Turn(System.IO.Path.Combine(path, ".lock"));
        if (File.Exists(mark) && await File.ReadAllTextAsync(mark) == wanted)
        {
            return null;
        }
        var (code, output) = await Run("--chdir", path, "npm", "ci", "--no-progress");
        if (code == 127)
        {
            throw new InvalidOperationException("npm is missing: ./dev test judges and ./dev bench install it.");
        }
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

    private static Task<ChildProcess> Child(IEnumerable<string> command)
    {
        var environment = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .Select(entry => ((string)entry.Key, (string)entry.Value!))
            .Where(entry => IsOfTools(entry.Item1))
            .Append(("REDOCLY_TELEMETRY", "off"))
            .Append(("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"))
            .ToDictionary(entry => entry.Item1, entry => entry.Item2);
        return ChildProcess.Start(Env, command, environment, deathSignal: "TERM");
    }

    /// <summary>How npm and Node.js find a registry, a proxy and certificates here.</summary>
    private static bool IsOfTools(string name) =>
        name.StartsWith("npm_config_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("NODE_", StringComparison.Ordinal) || name.EndsWith("_PROXY", StringComparison.OrdinalIgnoreCase);
}
