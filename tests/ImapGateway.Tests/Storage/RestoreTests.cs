using ImapGateway.Settings;
using ImapGateway.Storage;
using ImapGateway.Storage.KeyRing;
using ImapGateway.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImapGateway.Tests.Storage;

/// <summary>Restores into data directories of SQLite that are refused or fail, and what is there afterwards.</summary>
public sealed class RestoreTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("gateway-restore-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_backup_is_restored_as_it_was_made()
    {
        var backup = await Backup();
        await Restore(backup);
        Assert.Equal(["admin.key", "cache/CACHEDIR.TAG", "gateway.db", "keys/key-1.xml", "lock"], FilesIn("target"));
        Assert.Equal("the admin key", File.ReadAllText(At("target", "admin.key")));
    }

    [Theory]
    [InlineData("gateway.db")]
    [InlineData("admin.key")]
    [InlineData("keys/key-1.xml")]
    [InlineData("cache/CACHEDIR.TAG")]
    public async Task A_backup_with_a_damaged_file_is_refused_before_anything_is_made(string name)
    {
        var backup = await Backup();
        var file = Path.Combine(backup, name);
        var content = File.ReadAllBytes(file);

        File.Delete(file);
        Assert.Equal($"{backup} is damaged: {name} is missing", await Refused(backup));
        File.WriteAllBytes(file, content[..^1]);
        Assert.Equal($"{backup} is damaged: {name} has {content.Length - 1} bytes instead of {content.Length}", await Refused(backup));
        foreach (var at in new[] { 0, content.Length / 2, content.Length - 1 })
        {
            var flipped = content.ToArray();
            flipped[at] ^= 1;
            File.WriteAllBytes(file, flipped);
            Assert.Equal($"{backup} is damaged: {name} has another content than when the backup was made", await Refused(backup));
        }
        Assert.False(Directory.Exists(At("target")));
        File.WriteAllBytes(file, content);
        await Restore(backup);
    }

    [Theory]
    [InlineData("", "is not a complete backup")]
    [InlineData("{", "is not a complete backup")]
    [InlineData("""{ "format": 1, "provider": "Sqlite", "madeAt": "2026-01-01T00:00:00Z", "migration": "x" }""", "was made by another version of the gateway")]
    [InlineData("""{ "format": 2, "provider": "Sqlite", "madeAt": "2026-01-01T00:00:00Z", "migration": "x" }""", "is not a complete backup: backup.json does not list gateway.db")]
    public async Task A_backup_with_a_damaged_manifest_is_refused(string manifest, string reason)
    {
        var backup = await Backup();
        File.WriteAllText(Path.Combine(backup, "backup.json"), manifest);
        Assert.Contains(reason, await Refused(backup), StringComparison.Ordinal);
        Assert.False(Directory.Exists(At("target")));
    }

    [Fact]
    public async Task A_database_that_was_damaged_before_the_backup_is_refused()
    {
        var backup = await Backup();
        var file = Path.Combine(backup, "gateway.db");
        var before = Sha256(file);
        var content = File.ReadAllBytes(file);
        // The pages after the first two: the schema can be read.
        content.AsSpan(2 * 4096).Fill(0xff);
        File.WriteAllBytes(file, content);
        var manifest = Path.Combine(backup, "backup.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace(before, Sha256(file), StringComparison.Ordinal));
        Assert.StartsWith("The backup was not restored: ", await Refused(backup), StringComparison.Ordinal);
        Assert.Equal(["lock"], FilesIn("target"));
    }

    /// <summary>With a restored database the gateway would use a key that is not in the backup.</summary>
    [Theory]
    [InlineData("admin.key")]
    [InlineData("keys/key-1.xml")]
    [InlineData("keys/key-2.xml")]
    public async Task An_admin_key_and_a_key_ring_of_another_gateway_are_refused(string name)
    {
        var backup = await Backup();
        Write("target", name, "of another gateway");
        Assert.Equal($"{At("target", name)} is not a file of the backup: move it away first", await Refused(backup));
        Assert.Equal([name, "lock"], FilesIn("target"));
        Assert.Equal("of another gateway", File.ReadAllText(At("target", name)));
        File.Delete(At("target", name));
        await Restore(backup);
    }

    [Fact]
    public async Task An_admin_key_is_refused_that_the_backup_does_not_have()
    {
        var backup = await Backup(hasAdminKey: false);
        Write("target", "admin.key", "of another gateway");
        Assert.Contains("move it away first", await Refused(backup), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_own_files_of_the_backup_may_be_there()
    {
        var backup = await Backup();
        Write("target", "admin.key", "the admin key");
        Write("target", "keys/key-1.xml", "<key/>");
        Write("target", "stamp", "another\nstamp\n");
        await Restore(backup);
        Assert.True(File.Exists(At("target", "gateway.db")));
    }

    /// <summary>The mark says that the gateway may delete files in the folder.</summary>
    [Fact]
    public async Task A_folder_that_is_not_the_cache_of_a_gateway_is_not_marked_as_one()
    {
        var backup = await Backup();
        Write("target", "cache/photo.jpg", "not a file of the gateway");
        await Restore(backup);
        Assert.False(File.Exists(At("target", "cache/CACHEDIR.TAG")));
    }

    [Fact]
    public async Task A_restore_that_fails_half_way_leaves_nothing_and_can_be_repeated()
    {
        var backup = await Backup();
        // The last file that is restored: a directory has its name.
        Directory.CreateDirectory(At("target", "admin.key"));
        Assert.StartsWith("The backup was not restored: ", await Refused(backup), StringComparison.Ordinal);
        Assert.Equal(["lock"], FilesIn("target"));
        Assert.False(Directory.Exists(At("target", "keys")));
        Directory.Delete(At("target", "admin.key"));
        await Restore(backup);
        Assert.True(File.Exists(At("target", "gateway.db")));
    }

    [Fact]
    public async Task A_restore_that_was_killed_is_told_at_the_start_and_can_be_repeated()
    {
        var backup = await Backup();
        Write("target", "keys/key-1.xml", "<key/>");
        Write("target", "admin.key.new", "the adm");
        File.Copy(Path.Combine(backup, "gateway.db"), At("target", "gateway.db.restored"));
        Write("target", "gateway.db.restored-journal", "of the killed process");
        await using (var storage = Open("target"))
        {
            var refused = await Assert.ThrowsAsync<StartupException>(() => storage.OpenAsync(NoGuard.Instance, CancellationToken.None));
            Assert.StartsWith("DataDirectory: a restore was interrupted: ", refused.Message, StringComparison.Ordinal);
        }
        await Restore(backup);
        Assert.Empty(Directory.GetFiles(At("target"), "*.restored*"));
        await using var restored = Open("target");
        await restored.OpenAsync(NoGuard.Instance, CancellationToken.None);
    }

    private async Task<string> Backup(bool hasAdminKey = true)
    {
        if (hasAdminKey)
        {
            Write("source", "admin.key", "the admin key");
        }
        Write("source", "keys/key-1.xml", "<key/>");
        Write("source", "cache/CACHEDIR.TAG", "the mark");
        await using var storage = Open("source");
        await storage.OpenAsync(NoGuard.Instance, CancellationToken.None);
        await storage.BackUpAsync(At("backup"), CancellationToken.None);
        return At("backup");
    }

    private async Task Restore(string backup)
    {
        using var directory = new DataDirectory(At("target"));
        await using var storage = new SqliteStorage(directory, TimeProvider.System, NullLoggerFactory.Instance);
        await storage.RestoreAsync(backup, CancellationToken.None);
    }

    private async Task<string> Refused(string backup) => Assert.Single((await Assert.ThrowsAsync<StartupException>(() => Restore(backup))).Lines);

    private SqliteStorage Open(string directory) => new(new DataDirectory(At(directory)), TimeProvider.System, NullLoggerFactory.Instance);

    private static string Sha256(string file) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)));

    private string At(params string[] names) => Path.Combine([_folder.FullName, .. names]);

    private void Write(string directory, string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(directory, name))!);
        File.WriteAllText(At(directory, name), text);
    }

    private string[] FilesIn(string directory) =>
        [.. Directory.GetFiles(At(directory), "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(At(directory), file)).Order(StringComparer.Ordinal)];

    private sealed class NoGuard : IKeyRingGuard
    {
        public static readonly NoGuard Instance = new();

        public void Verify(IKeyRing ring) { }

        public void Protect(IKeyRing ring) { }
    }
}
