namespace ImapGateway.IntegrationTests.Servers;

/// <summary>An empty directory of our own, short enough for unix sockets below it (108 octets), removed at the end.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    private const string Marker = ".made-by-imapgateway-tests";

    public TemporaryDirectory()
    {
        var parent = System.IO.Path.GetTempPath();
        Path = System.IO.Path.Combine(parent.Length <= 40 ? parent : "/tmp", $"ig-{Guid.NewGuid():N}"[..15]);
        Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(System.IO.Path.Combine(Path, Marker), "");
    }

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Lets other users pass through, not look: servers run their parts as users of their own.</summary>
    public void LetOthersPass() => File.SetUnixFileMode(Path, File.GetUnixFileMode(Path) | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);

    public void Dispose()
    {
        if (File.Exists(this[Marker]))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
