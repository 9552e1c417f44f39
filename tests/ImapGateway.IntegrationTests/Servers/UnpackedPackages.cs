namespace ImapGateway.IntegrationTests.Servers;

/// <summary>
/// Servers whose Debian packages conflict with Dovecot's: <c>./dev test</c> unpacks them into <c>artifacts/servers</c>. Each instance runs in mount and process namespaces of its own, with the
/// files of its packages in /usr; when the test process dies, the kernel ends the namespace and all its processes.
/// </summary>
internal static class UnpackedPackages
{
    private const string Unshare = "/usr/bin/unshare";

    /// <summary>Why servers of these packages cannot run here; null where they can.</summary>
    public static string? Missing(string name) =>
        Environment.UserName != "root" ? $"{name} needs namespaces of its own, which only root can make."
        : !File.Exists(Path.Combine(FolderOf(name), ".complete")) ? $"{name} is not there: ./dev test fetches its Debian packages, and says why where it could not."
        : null;

    /// <summary>Runs a shell script that finds the files of the packages in /usr, and ends with the server in the foreground.</summary>
    /// <param name="name">Of the folder in <c>artifacts/servers</c>.</param>
    /// <param name="script">For <c>sh</c>.</param>
    public static Task<ChildProcess> RunAsync(string name, string script) => ChildProcess.Start(
        Unshare,
        ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "sh", "-ec", $"mount -t overlay overlay -o 'lowerdir={FolderOf(name)}/usr:/usr' /usr\n{script}"]);

    private static string FolderOf(string name)
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "ImapGateway.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return Path.Combine(folder ?? throw new InvalidOperationException("The tests run outside of the repository."), "artifacts", "servers", name);
    }
}
