using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Contract;

/// <summary>
/// The public tools of tests/judges. Only tests of the category judges may use them: the others run where neither npm nor Chromium is installed.
/// A test is skipped when npm's registry is out of reach, and fails when the tools cannot be installed for any other reason.
/// </summary>
public static class Judges
{
    /// <summary>Where ImapGateway.sln stands.</summary>
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    public static string Document => Path.Combine(Root, "schema", "openapi.json");

    private static NodeFolder Folder { get; } = new(Path.Combine(Root, "tests", "judges"));

    /// <summary>What a program of ours prints; the test fails unless it ends with 0.</summary>
    public static Task<IReadOnlyList<string>> Run(string script, params IEnumerable<string> arguments) => Demand(["node", Path.Combine(Folder.Path, script), .. arguments]);

    /// <summary>What a tool prints, run in tests/judges; the test fails unless it ends with 0.</summary>
    public static Task<IReadOnlyList<string>> Tool(string package, string script, params IEnumerable<string> arguments) =>
        Demand(["--chdir", Folder.Path, "node", Path.Combine(Folder.Path, "node_modules", package, script), .. arguments]);

    /// <summary>The same, whatever it ends with.</summary>
    public static Task<(int Code, IReadOnlyList<string> Output)> Outcome(string package, string script, params IEnumerable<string> arguments) =>
        RunAsync(["--chdir", Folder.Path, "node", Path.Combine(Folder.Path, "node_modules", package, script), .. arguments]);

    /// <summary>Once they are installed, which takes a minute on a fresh checkout: for who waits for what they do meanwhile.</summary>
    public static async Task Ready()
    {
        var categories = TestContext.Current.TestCase!.Traits.GetValueOrDefault("Category", []);
        Assert.True(categories.Contains("judges"), "A test that uses the judges needs [Trait(\"Category\", \"judges\")].");
        if (await Folder.Installed is { } unreachable)
        {
            Assert.Skip($"npm's registry cannot be reached: {unreachable}");
        }
    }

    private static async Task<(int Code, IReadOnlyList<string> Output)> RunAsync(IEnumerable<string> command)
    {
        await Ready();
        return await NodeFolder.Run(command);
    }

    private static async Task<IReadOnlyList<string>> Demand(IEnumerable<string> command)
    {
        var (code, output) = await RunAsync(command);
        Assert.True(code == 0, $"It ended with {code}:\n{string.Join('\n', output)}");
        return output;
    }

    private static string FindRoot(string? folder)
    {
        while (folder is not null && !File.Exists(Path.Combine(folder, "ImapGateway.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return folder ?? throw new InvalidOperationException("The tests run outside of the repository.");
    }
}
