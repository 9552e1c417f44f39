namespace ImapGateway.Tests;

/// <summary>Published contracts in schema/: compared, or written anew where the environment has IMAPGATEWAY_RECORD=1.</summary>
public static class Golden
{
    /// <summary>Where ImapGateway.sln stands.</summary>
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    public static void Verify(string name, string text)
    {
        var file = Path.Combine(Root, "schema", name);
        if (Environment.GetEnvironmentVariable("IMAPGATEWAY_RECORD") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
            return;
        }
        Assert.True(File.Exists(file), $"schema/{name} is missing: ./dev golden records it.");
        Assert.Equal(File.ReadAllText(file), text);
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
