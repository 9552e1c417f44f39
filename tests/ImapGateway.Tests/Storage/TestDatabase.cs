using ImapGateway.Storage;
using ImapGateway.Storage.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Storage;

public sealed class Entry
{
    public long Id { get; set; }
    public required string Writer { get; set; }
    public required int Number { get; set; }
    public DateTimeOffset At { get; set; }
}

public sealed class Blob
{
    public long Id { get; set; }
    public required byte[] Data { get; set; }
}

public sealed class TestContext(DbContextOptions options) : GatewayDbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Entry>().HasIndex(entry => new { entry.Writer, entry.Number }).IsUnique();
        modelBuilder.Entity<Blob>();
    }
}

/// <summary>A database of the tests' own entities in a folder of its own, which goes with it.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;

    public TestDatabase() : this(Directory.CreateTempSubdirectory("gateway-storage-")) { }

    public TestDatabase(DirectoryInfo folder)
    {
        _folder = folder;
        File = new SqliteFile(System.IO.Path.Combine(_folder.FullName, "gateway.db"));
        using (var connection = File.OpenForWriting())
        {
            using var context = new TestContext(new DbContextOptionsBuilder().UseSqlite(connection).Options);
            context.Database.EnsureCreated();
        }
        Database = Open();
    }

    public SqliteFile File { get; }

    public SqliteDatabase Database { get; private set; }

    /// <summary>Stands still, so that a group of writes ends when a test says so.</summary>
    public FakeTimeProvider Time { get; } = new();

    public async Task Reopen()
    {
        await Database.DisposeAsync();
        Database = Open();
    }

    public Task<long> Add(string writer, int number, CancellationToken cancel = default) =>
        Database.WriteAsync(
            (context, _) =>
            {
                context.Add(new Entry { Writer = writer, Number = number });
                return Task.FromResult(0L);
            },
            cancel);

    public Task<List<Entry>> Entries() =>
        Database.ReadAsync((context, cancel) => context.Set<Entry>().OrderBy(entry => entry.Id).ToListAsync(cancel), default);

    /// <summary>Holds the writer in a job until released, so that what is queued meanwhile joins its group.</summary>
    public async Task<Gate> HoldWriter()
    {
        var gate = new Gate();
        gate.Job = Database.WriteAsync(
            (_, _) =>
            {
                gate.Entered.TrySetResult();
                gate.Release.Wait(CancellationToken.None);
                return Task.FromResult(0);
            },
            default);
        await gate.Entered.Task;
        return gate;
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private SqliteDatabase Open()
    {
        var database = new SqliteDatabase(File, options => new TestContext(options), Time, NullLogger<SqliteDatabase>.Instance);
        database.Open();
        return database;
    }

    public sealed class Gate
    {
        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public ManualResetEventSlim Release { get; } = new();
        public Task<int> Job { get; set; } = Task.FromResult(0);

        public async Task Open()
        {
            Release.Set();
            await Job;
        }
    }
}
