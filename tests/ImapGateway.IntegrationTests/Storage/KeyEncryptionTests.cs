using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using ImapGateway.IntegrationTests.Servers;
using Npgsql;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>The key ring at rest, with the gateway as a process.</summary>
[Trait("Category", "judges")]
public sealed partial class KeyEncryptionTests : IDisposable
{
    private readonly TemporaryDirectory _secrets = new();

    public void Dispose() => _secrets.Dispose();

    private string NewKey(string name)
    {
        var path = _secrets[name];
        File.WriteAllText(path, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) + "\n");
        return $"file:{path}";
    }

    /// <summary>The master keys, as an unprotected ring has them.</summary>
    private static List<string> MasterKeys(string ring) => [.. MasterKey().Matches(ring).Select(match => match.Groups[1].Value)];

    private static async Task<string> Ring(GatewayProcess gateway, string? database) => database is null
        ? string.Join('\n', Directory.GetFiles(Path.Combine(gateway.DataDirectory, "keys")).Order(StringComparer.Ordinal).Select(File.ReadAllText))
        : (string)(await (await SharedServers.Postgres).Execute("""SELECT string_agg("Xml", E'\n' ORDER BY "Id") FROM key_ring""", database))!;

    [Fact]
    public async Task A_dump_and_the_files_of_a_database_whose_ring_was_in_clear_have_neither_passwords_nor_keys_any_more()
    {
        const string Password = "imap-secret-word-78";
        await using var server = await PostgresServer.Start();
        var connection = await server.NewDatabase();
        var database = new NpgsqlConnectionStringBuilder(connection).Database!;
        await using var scripted = Servers.Scripted.ScriptedImapServer.Start(new() { Password = Password });
        await using var gateway = await GatewayProcess.Start([.. PostgresServer.Settings(connection), ("Storage:KeyEncryption", "none")]);
        var imap = new { host = "127.0.0.1", port = scripted.Port, security = "none", username = "anna", password = Password };
        (await new ApiClient(gateway).Post("/v1/accounts", new { id = "anna", email = "anna@example.com", watch = "none", imap })).Is(HttpStatusCode.Created);
        Assert.Equal(0, await gateway.Stop());
        var before = await server.Dump(database);
        var secrets = MasterKeys(before);
        Assert.NotEmpty(secrets);
        await server.Execute("CHECKPOINT");
        Assert.True(await server.FilesContain(secrets[0]));

        gateway.Set("Storage:KeyEncryption", NewKey("ring.key"));
        await gateway.Resume();
        (await new ApiClient(gateway).Get("/v1/accounts/anna/mailboxes")).Is(HttpStatusCode.OK);
        Assert.Equal(0, await gateway.Stop());
        var after = await server.Dump(database);
        Assert.Contains("anna@example.com", after, StringComparison.Ordinal);
        Assert.Contains("encryptedSecret", after, StringComparison.Ordinal);
        Assert.Empty(MasterKeys(after));
        await server.Execute("CHECKPOINT");
        foreach (var secret in secrets.Append(Password))
        {
            Assert.DoesNotContain(secret, after, StringComparison.Ordinal);
            Assert.False(await server.FilesContain(secret));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_wrong_or_missing_key_is_one_line_and_the_ring_stays_as_it_is_and_keys_rotate(bool postgres)
    {
        var connection = postgres ? await (await SharedServers.Postgres).NewDatabase() : null;
        var database = connection is null ? null : new NpgsqlConnectionStringBuilder(connection).Database;
        (string, string)[] storage = connection is null ? [] : PostgresServer.Settings(connection);
        var (first, second) = (NewKey("first.key"), NewKey("second.key"));
        await using var scripted = Servers.Scripted.ScriptedImapServer.Start();
        await using var gateway = await GatewayProcess.Start([.. storage, ("Storage:KeyEncryption", first)]);
        var imap = new { host = "127.0.0.1", port = scripted.Port, security = "none", username = "anna", password = "pass" };
        (await new ApiClient(gateway).Post("/v1/accounts", new { id = "anna", email = "anna@example.com", watch = "none", imap })).Is(HttpStatusCode.Created);
        await gateway.Stop();
        var ring = await Ring(gateway, database);
        Assert.Empty(MasterKeys(ring));

        // Other reasons are in KeyRingTests; this is what the process does about them.
        gateway.Set("Storage:KeyEncryption", second);
        var (code, output) = await gateway.ResumeRefused();
        Assert.Equal(1, code);
        Assert.Contains("The gateway cannot start: Storage:KeyEncryption: the key ring is encrypted with key-", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.Equal(ring, await Ring(gateway, database));

        gateway.Set("Storage:KeyEncryption", null);
        gateway.Set("Storage:KeyEncryption:0", second);
        gateway.Set("Storage:KeyEncryption:1", first);
        await gateway.Resume();
        (await new ApiClient(gateway).Get("/v1/accounts/anna/mailboxes")).Is(HttpStatusCode.OK);
        await gateway.Stop();
        Assert.NotEqual(ring, await Ring(gateway, database));
    }

    [Fact]
    public async Task PostgreSQL_is_refused_without_a_word_about_the_encryption_of_the_ring()
    {
        var connection = await (await SharedServers.Postgres).NewDatabase();
        var (code, output) = await GatewayProcess.StartRefused([.. PostgresServer.Settings(connection), ("Storage:KeyEncryption", "")]);
        Assert.Equal(1, code);
        Assert.Contains("The gateway cannot start: Storage:KeyEncryption: is needed for PostgreSQL: ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_away_is_one_line_or_is_waited_for()
    {
        await using var server = await PostgresServer.Start();
        var settings = PostgresServer.Settings(await server.NewDatabase());
        await server.Stop();
        var (code, output) = await GatewayProcess.StartRefused(settings);
        Assert.Equal(1, code);
        Assert.Contains($"The gateway cannot start: Storage:ConnectionString: PostgreSQL at 127.0.0.1:{server.Port} cannot be reached: ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);

        await using var gateway = await GatewayProcess.StartUnready([.. settings, ("Storage:WaitAtStart", "2m")]);
        await gateway.Output.First(line => line.Contains("Waiting for the database: PostgreSQL at", StringComparison.Ordinal));
        await server.Resume();
        await gateway.BecomeReady();
        (await new ApiClient(gateway).Get("/v1/accounts")).Is(HttpStatusCode.OK);
    }

    [GeneratedRegex(@"<value>([A-Za-z0-9+/=]{60,})</value>")]
    private static partial Regex MasterKey();
}
