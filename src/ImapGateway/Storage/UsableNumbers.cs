using ImapGateway.Settings;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Storage;

/// <summary>
/// Repairs at start the numbers that the database gives to the rows of a table. One damaged number near the end of the range would leave none for new rows: SQLite then reports a full disk for ever, and
/// PostgreSQL an exhausted sequence. Damaged numbers are replaced by the next ones, so that their rows come last.
/// </summary>
/// <param name="table">The table.</param>
/// <param name="column">The column with the number, the primary key.</param>
/// <param name="floor">Returns a number that was given already, of a row that may not exist any more.</param>
public sealed partial class UsableNumbers(string table, string column, Func<GatewayDbContext, CancellationToken, Task<long>> floor, IDatabase database, ILogger<UsableNumbers> log) : IStartupStep
{
    /// <summary>The largest number that is not taken for damage: half of the range, which no database reaches by counting.</summary>
    public const long Last = long.MaxValue / 2;

    /// <summary>The state of the table.</summary>
    /// <param name="Damaged">The damaged numbers.</param>
    /// <param name="Largest">The largest other number of a row.</param>
    /// <param name="Counter">The number that the database gave last. SQLite has it in a table, where it can have any type.</param>
    private sealed record State(List<long> Damaged, long Largest, long Counter);

    public async Task RunAsync(CancellationToken cancel)
    {
        var state = await database.ReadAsync(ReadAsync, cancel);
        if (state.Damaged.Count == 0 && state.Counter >= state.Largest && state.Counter <= Last)
        {
            return;
        }
        var first = await database.WriteAsync((db, token) => RepairAsync(db, state, token), cancel);
        LogRepaired(table, state.Damaged.Count, first);
    }

    private async Task<State> ReadAsync(GatewayDbContext db, CancellationToken cancel)
    {
        var counter = db.Database.IsSqlite()
            ? $"SELECT COALESCE((SELECT CASE typeof(seq) WHEN 'integer' THEN seq ELSE {long.MaxValue} END FROM sqlite_sequence WHERE name = '{table}'), 0)"
            : $"SELECT COALESCE(pg_sequence_last_value(pg_get_serial_sequence('\"{table}\"', '{column}')), 0)";
        return new State(
            await NumbersAsync(db, $"SELECT \"{column}\" FROM \"{table}\" WHERE \"{column}\" > {Last} OR \"{column}\" < 1 ORDER BY \"{column}\"", cancel),
            (await NumbersAsync(db, $"SELECT COALESCE(max(\"{column}\"), 0) FROM \"{table}\" WHERE \"{column}\" BETWEEN 1 AND {Last}", cancel))[0],
            (await NumbersAsync(db, counter, cancel))[0]);
    }

    /// <returns>The first of the new numbers.</returns>
    private async Task<long> RepairAsync(GatewayDbContext db, State state, CancellationToken cancel)
    {
        var given = Math.Max(state.Largest, await floor(db, cancel));
        var first = Math.Max(given, state.Counter is > 0 and <= Last ? state.Counter : 0) + 1;
        var next = first;
        foreach (var damaged in state.Damaged)
        {
            await db.Database.ExecuteSqlRawAsync(Renumber(damaged, next++), cancel);
        }
        // "next" itself is left out: the counter of PostgreSQL cannot be 0.
        await db.Database.ExecuteSqlRawAsync(SetCounter(db, next), cancel);
        return first;
    }

    private string Renumber(long damaged, long next) => $"UPDATE \"{table}\" SET \"{column}\" = {next} WHERE \"{column}\" = {damaged}";

    private string SetCounter(GatewayDbContext db, long last) => db.Database.IsSqlite()
        ? $"DELETE FROM sqlite_sequence WHERE name = '{table}'; INSERT INTO sqlite_sequence (name, seq) VALUES ('{table}', {last})"
        : $"SELECT setval(pg_get_serial_sequence('\"{table}\"', '{column}'), {last})";

    private static Task<List<long>> NumbersAsync(GatewayDbContext db, string sql, CancellationToken cancel) => db.Database.SqlQueryRaw<long>(sql).ToListAsync(cancel);

    [LoggerMessage(LogLevel.Error, "The table {Table} had {Count} rows with damaged numbers, or a damaged counter; new numbers begin at {First}")]
    private partial void LogRepaired(string table, int count, long first);
}
