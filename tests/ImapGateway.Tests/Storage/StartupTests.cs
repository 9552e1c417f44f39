using ImapGateway.Settings;
using ImapGateway.Storage;
using ImapGateway.Storage.Sqlite;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace ImapGateway.Tests.Storage;

public sealed class StartupTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("gateway-startup-");

    private string DataPath => Path.Combine(_folder.FullName, "data");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_second_gateway_on_the_same_directory_is_refused_until_the_first_has_ended()
    {
        using var second = new DataDirectory(DataPath);
        using (var first = new DataDirectory(DataPath))
        {
            first.Claim();
            var refused = Assert.Throws<StartupException>(second.Claim);
            Assert.Equal($"DataDirectory: {DataPath} is used by another gateway", Assert.Single(refused.Lines));
        }
        second.Claim();
    }

    [Fact]
    public void A_directory_that_cannot_be_made_is_one_line()
    {
        File.WriteAllText(DataPath, "a file");
        using var directory = new DataDirectory(DataPath);
        Assert.StartsWith($"DataDirectory: {DataPath} cannot be used: ", Assert.Single(Assert.Throws<StartupException>(directory.Claim).Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_opens_the_storage_before_its_services_and_closes_it_after_them()
    {
        var service = new WritingService();
        using (var host = Build(services => services.AddHostedService(provider => service.With(provider.GetRequiredService<IDatabase>()))))
        {
            await host.StartAsync();
            var health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
            Assert.Equal(HealthStatus.Healthy, health.Entries["storage"].Status);
            await host.StopAsync();
            Assert.Equal((1, 2), (service.Started, service.Stopped));
            var late = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
            await Assert.ThrowsAsync<Mail.ProblemException>(() => service.Write());
            Assert.Equal(HealthStatus.Unhealthy, late.Entries["storage"].Status);
        }
        using var directory = new DataDirectory(DataPath);
        directory.Claim();
    }

    [Fact]
    public async Task What_was_protected_can_be_read_after_a_restart_and_the_keys_are_private()
    {
        string secret;
        using (var host = Build())
        {
            await host.StartAsync();
            secret = host.Services.GetRequiredService<IDataProtectionProvider>().CreateProtector("test").Protect("hunter2");
            await host.StopAsync();
        }
        using (var host = Build())
        {
            await host.StartAsync();
            Assert.Equal("hunter2", host.Services.GetRequiredService<IDataProtectionProvider>().CreateProtector("test").Unprotect(secret));
            await host.StopAsync();
        }
        if (!OperatingSystem.IsWindows())
        {
            const UnixFileMode others = ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(DataPath) & others);
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(Path.Combine(DataPath, "keys")) & others);
            var key = Assert.Single(Directory.GetFiles(Path.Combine(DataPath, "keys")));
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(key) & others);
        }
    }

    [Fact]
    public async Task Pending_migrations_are_applied_though_a_killed_process_left_its_lock()
    {
        var file = new SqliteFile(Path.Combine(_folder.FullName, "gateway.db"));
        Execute(file, """
            CREATE TABLE "__EFMigrationsLock" ("Id" INTEGER PRIMARY KEY, "Timestamp" TEXT NOT NULL);
            INSERT INTO "__EFMigrationsLock" VALUES (1, '2026-01-01');
            """);
        Assert.Equal(["20260101000000_One", "20260102000000_Two"], await SqliteMigrations.ApplyAsync(file, options => new MigratedContext(options), default));
        Execute(file, "INSERT INTO Things (Name) VALUES ('made')");
        Assert.Empty(await SqliteMigrations.ApplyAsync(file, options => new MigratedContext(options), default));
    }

    [Fact]
    public async Task A_file_of_a_newer_version_is_refused()
    {
        var file = new SqliteFile(Path.Combine(_folder.FullName, "gateway.db"));
        await SqliteMigrations.ApplyAsync(file, options => new MigratedContext(options), default);
        Execute(file, "INSERT INTO __EFMigrationsHistory VALUES ('20990101000000_Future', '99.0.0')");
        var refused = await Assert.ThrowsAsync<StartupException>(() => SqliteMigrations.ApplyAsync(file, options => new MigratedContext(options), default));
        Assert.Contains("20990101000000_Future", Assert.Single(refused.Lines), StringComparison.Ordinal);
    }

    private IHost Build(Action<IServiceCollection>? more = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("DataDirectory", (string?)DataPath)]);
        more?.Invoke(builder.Services);   // before AddStorage: the order of registration must not matter
        builder.AddStorage();
        return builder.Build();
    }

    private static void Execute(SqliteFile file, string sql)
    {
        using var connection = file.OpenForWriting();
        connection.Execute(sql);
    }

    /// <summary>Writes while the host starts and while it stops.</summary>
    private sealed class WritingService : IHostedService
    {
        private IDatabase? _database;

        public int Started { get; private set; }

        public int Stopped { get; private set; }

        public WritingService With(IDatabase database)
        {
            _database = database;
            return this;
        }

        public Task<int> Write() => _database!.WriteAsync(
            async (context, cancel) =>
            {
                await context.Database.ExecuteSqlRawAsync("CREATE TABLE IF NOT EXISTS Written (N INTEGER); INSERT INTO Written VALUES (1)", cancel);
                return await context.Database.SqlQuery<int>($"SELECT count(*) AS Value FROM Written").SingleAsync(cancel);
            },
            default);

        public async Task StartAsync(CancellationToken cancellationToken) => Started = await Write();

        public async Task StopAsync(CancellationToken cancellationToken) => Stopped = await Write();
    }
}

public sealed class MigratedContext(DbContextOptions options) : GatewayDbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) { }
}

[DbContext(typeof(MigratedContext)), Migration("20260101000000_One")]
public sealed class One : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("CREATE TABLE Things (Id INTEGER PRIMARY KEY)");
}

[DbContext(typeof(MigratedContext)), Migration("20260102000000_Two")]
public sealed class Two : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("ALTER TABLE Things ADD COLUMN Name TEXT");
}
