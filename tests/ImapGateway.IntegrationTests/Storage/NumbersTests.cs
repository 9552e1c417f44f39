using ImapGateway.Background;
using ImapGateway.Changes;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.Mail;
using ImapGateway.Settings;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using ErrorCode = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.IntegrationTests.Storage;

public sealed class SqliteNumbersTests : NumbersTests
{
    protected override Task<StoreUnderTest> Make() => StoreUnderTest.Sqlite();

    protected override string Counted(string table, string column, long last) => $"DELETE FROM sqlite_sequence WHERE name = '{table}'; INSERT INTO sqlite_sequence VALUES ('{table}', {last})";

    protected override string CounterOf(string table, string column) => $"SELECT seq AS \"Value\" FROM sqlite_sequence WHERE name = '{table}'";

    protected override string Garbage(string table, string column) => $"UPDATE sqlite_sequence SET seq = 'garbage' WHERE name = '{table}'";
}

public sealed class PostgresNumbersTests : NumbersTests
{
    protected override Task<StoreUnderTest> Make() => StoreUnderTest.Postgres();

    protected override string Counted(string table, string column, long last) => $"SELECT setval(pg_get_serial_sequence('\"{table}\"', '{column}'), {last})";

    protected override string CounterOf(string table, string column) => $"SELECT last_value AS \"Value\" FROM \"{table}_{column}_seq\"";

    /// <summary>A sequence behind the rows, as rows that were loaded without it leave it.</summary>
    protected override string Garbage(string table, string column) => $"ALTER SEQUENCE \"{table}_{column}_seq\" RESTART";
}

/// <summary>Numbers that the database gives to rows, and damage that drives them to their end.</summary>
public abstract class NumbersTests : StoreSuite
{
    private readonly TemporaryDirectory _data = new();

    /// <summary>Sets the number that the database gave last.</summary>
    protected abstract string Counted(string table, string column, long last);

    /// <summary>Reads the number that the database gave last.</summary>
    protected abstract string CounterOf(string table, string column);

    /// <summary>Damages the counter otherwise.</summary>
    protected abstract string Garbage(string table, string column);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _data.Dispose();
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MaxValue - 1)]
    [InlineData(long.MinValue)]
    [InlineData(0)]
    public async Task A_row_with_a_damaged_number_gets_the_next_one_at_the_start_and_is_read_in_the_feed(long number)
    {
        await Repair();
        await Add("abcdefgh", 1);
        await Add("abcdefgh", 2);
        await Execute($"UPDATE change SET \"Row\" = {number} WHERE \"Sequence\" = 1");
        await Repair();
        await Add("abcdefgh", 3);
        var feed = await Log().ReadAllAsync(default, 10, default);
        Assert.Equal([1L, 2, 3], feed.Select(change => change.Sequence).Order());
        Assert.All(feed, change => Assert.InRange(change.Position.Row, 1, 10));
        Assert.Equal(3, feed.Select(change => change.Position.Row).Distinct().Count());
    }

    [Fact]
    public async Task A_counter_at_its_end_or_damaged_goes_on_after_the_rows_and_after_those_that_retention_has_deleted()
    {
        await Repair();
        await Add("abcdefgh", 1);
        await Execute(Counted("change", "Row", long.MaxValue));
        await Repair();
        await Add("abcdefgh", 2);
        await Execute(Garbage("change", "Row"));
        await Repair();
        await Add("abcdefgh", 3);
        var rows = await Rows();
        Assert.Equal(rows.Order(), rows);
        Assert.InRange(rows[^1], 3, 10);

        await Execute("DELETE FROM change");
        await Execute("UPDATE store SET \"PurgedRow\" = 5000");
        await Execute(Counted("change", "Row", long.MaxValue));
        await Repair();
        await Add("abcdefgh", 4);
        Assert.InRange(Assert.Single(await Rows()), 5001, 5010);
    }

    /// <summary>A table with numbers that no step repairs fails here.</summary>
    [Fact]
    public async Task Every_table_with_numbers_is_repaired()
    {
        var numbered = await Database.ReadAsync((db, _) => Task.FromResult(NumberedTables(db)), default);
        Assert.Superset(new HashSet<(string, string)> { ("change", "Row") }, numbered.ToHashSet());
        await Repair();
        foreach (var (table, column) in numbered)
        {
            await Execute(Counted(table, column, long.MaxValue));
        }
        await Repair();
        foreach (var (table, column) in numbered)
        {
            Assert.InRange(await Number(CounterOf(table, column)), 0, 10);
        }
    }

    [Fact]
    public async Task A_counter_that_ends_while_the_gateway_runs_is_damage_and_not_a_full_disk()
    {
        await Add("abcdefgh", 1);
        await Execute(Counted("change", "Row", long.MaxValue));
        for (var attempt = 0; attempt < 2; attempt++)
        {
            Assert.Equal(ErrorCode.StorageCorrupt, (await Assert.ThrowsAsync<ProblemException>(() => Add("abcdefgh", 2))).Code);
        }
        Assert.Equal(HealthStatus.Unhealthy, (await new StorageHealth(Store.Storage).CheckHealthAsync(new HealthCheckContext())).Status);

        await Store.Reopen();
        await Repair();
        await Add("abcdefgh", 2);
        Assert.Equal(HealthStatus.Healthy, (await new StorageHealth(Store.Storage).CheckHealthAsync(new HealthCheckContext())).Status);
    }

    [Fact]
    public async Task What_retention_deletes_with_a_damaged_position_makes_no_reader_too_old()
    {
        await Repair();
        await Add("abcdefgh", 1);
        await Add("abcdefgh", 2);
        await Execute($"UPDATE change SET \"Epoch\" = {long.MaxValue}, \"Timestamp\" = 0 WHERE \"Sequence\" = 1");
        var options = Options.Create(new ChangesOptions());
        using var loops = new Loops(TimeProvider.System, NullLogger<Loops>.Instance);
        using var worker = new RetentionWorker(Database, [], options, loops);
        await worker.PurgeAsync(default);
        Assert.Single(await Rows());
        Assert.Equal([2L], (await Log().ReadAllAsync(default, 10, default)).Select(change => change.Sequence));
    }

    [Theory]
    [InlineData("NextCounter", ObjectId.LastNumber)]
    [InlineData("NextCounter", 0)]
    [InlineData("Sequence", ObjectId.LastNumber - 1)]
    [InlineData("Sequence", -1)]
    [InlineData("Generation", long.MaxValue)]
    public async Task Counters_of_an_account_near_their_end_are_damage(string column, long value)
    {
        await Database.WriteAsync((db, _) => Task.FromResult(db.Add(new FenceEntity { Incarnation = "abcdefgh" })), default);
        Task<List<FenceEntity>> Usable() => Database.ReadAsync((db, cancel) => Fence.Usable(db, 0).ToListAsync(cancel), default);
        Assert.Single(await Usable());
        await Execute($"UPDATE fence SET \"{column}\" = {value}");
        Assert.Empty(await Usable());
    }

    [Theory]
    [InlineData("PurgedRow", long.MaxValue)]
    [InlineData("PurgedTransaction", long.MaxValue)]
    [InlineData("PurgedEpoch", 1)]
    [InlineData("Epoch", long.MaxValue)]
    [InlineData("Epoch", -1)]
    public async Task A_damaged_row_of_the_store_is_told_at_the_start(string column, long value)
    {
        await Repair();
        await Execute($"UPDATE store SET \"{column}\" = {value}");
        Assert.StartsWith("The database is damaged: ", (await Assert.ThrowsAsync<StartupException>(Repair)).Message, StringComparison.Ordinal);
    }

    /// <summary>The steps of a start, those that the gateway registers.</summary>
    private async Task Repair()
    {
        var app = Program.Build([$"--DataDirectory={_data.Path}", "--Logging:LogLevel:Default=None"], services => services.AddSingleton(Database));
        await using (app)
        {
            foreach (var step in app.Services.GetServices<IStartupStep>().Where(step => step is UsableNumbers or StoreStart))
            {
                await step.RunAsync(default);
            }
        }
    }

    private static List<(string Table, string Column)> NumberedTables(GatewayDbContext db) =>
    [
        .. from table in db.Model.GetEntityTypes()
           where table.GetTableName() != "key_ring"   // It is not opened by the gateway's own jobs.
           let key = table.FindPrimaryKey()!.Properties
           where key is [{ ValueGenerated: ValueGenerated.OnAdd } number] && number.ClrType == typeof(long)
           select (table.GetTableName()!, key[0].GetColumnName()),
    ];

    private ChangeLog Log() => new(Database, TimeProvider.System, NullLogger<ChangeLog>.Instance);

    private async Task Add(string incarnation, long sequence) => await Database.WriteAsync(
        (db, _) => Task.FromResult(db.Add(new ChangeEntity
        {
            Incarnation = incarnation,
            Sequence = sequence,
            Account = "anna",
            Type = ChangeType.AccountConnected,
            Timestamp = DateTimeOffset.UtcNow,
            Mailbox = 0,
            FromMailbox = 0,
            Metadata = "{}"u8.ToArray(),
            Data = "{}"u8.ToArray(),
        })),
        default);

    private Task<List<long>> Rows() => Database.ReadAsync((db, cancel) => db.Set<ChangeEntity>().OrderBy(row => row.Sequence).Select(row => row.Row).ToListAsync(cancel), default);

    private Task<long> Number(string sql) => Database.ReadAsync((db, cancel) => db.Database.SqlQueryRaw<long>(sql).SingleAsync(cancel), default);

    private async Task Execute(string sql) => await Database.WriteAsync((db, cancel) => db.Database.ExecuteSqlRawAsync(sql, cancel), default);
}
