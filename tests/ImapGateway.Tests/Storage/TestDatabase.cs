using ImapGateway.Mail;
using ImapGateway.Storage;
using ImapGateway.Storage.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Code = ImapGateway.Mail.ErrorCode;

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

/// <summary>A database in a folder, with tables that are made without migrations.</summary>
public sealed class TestDatabase : IDatabase, IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly Func<DbContextOptions, GatewayDbContext> _context;
    private readonly bool _keepsFolder;

    /// <summary>Of the tests' own entities, in a new folder.</summary>
    public TestDatabase() : this(Directory.CreateTempSubdirectory("gateway-storage-")) { }

    /// <summary>Of the tests' own entities. The folder is deleted with it.</summary>
    public TestDatabase(DirectoryInfo folder) : this(folder, options => new TestContext(options), keepsFolder: false) { }

    private TestDatabase(DirectoryInfo folder, Func<DbContextOptions, GatewayDbContext> context, bool keepsFolder)
    {
        (_folder, _context, _keepsFolder) = (folder, context, keepsFolder);
        File = new SqliteFile(System.IO.Path.Combine(_folder.FullName, "gateway.db"));
        using (var connection = File.OpenForWriting())
        {
            using var tables = context(new DbContextOptionsBuilder().UseSqlite(connection).Options);
            tables.Database.EnsureCreated();
        }
        Database = Open();
    }

    /// <summary>Of the gateway's entities, in a folder that stays.</summary>
    public static TestDatabase OfGateway(string folder) => new(new DirectoryInfo(folder), options => new SqliteGatewayDbContext(options), keepsFolder: true);

    /// <summary>Set: every call fails as if the disk were full.</summary>
    public bool IsAway { get; set; }

    public SqliteFile File { get; }

    public SqliteDatabase Database { get; private set; }

    /// <summary>Stands still, so that a group of writes ends when a test says so.</summary>
    public FakeTimeProvider Time { get; } = new();

    public Task<T> ReadAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> query, CancellationToken cancel) => Available().ReadAsync(query, cancel);

    public Task<T> WriteAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> job, CancellationToken cancel) => Available().WriteAsync(job, cancel);

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
        if (!_keepsFolder)
        {
            _folder.Delete(recursive: true);
        }
    }

    private SqliteDatabase Available() => IsAway ? throw new ProblemException(Code.Unavailable, "The database is away.") : Database;

    private SqliteDatabase Open()
    {
        var database = new SqliteDatabase(File, _context, Time, NullLogger<SqliteDatabase>.Instance);
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
