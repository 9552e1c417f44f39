using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>The row of the table <c>owner</c>.</summary>
public sealed class OwnerEntity
{
    public const int Only = 1;

    public int Id { get; init; } = Only;

    /// <summary>
    /// The number of the transaction that wrote the row when the present owner took the database. The server stores the same number in the row's column xmin. If the two differ, the row was not
    /// written by an owner but loaded from a dump or a backup, and so was everything else.
    /// </summary>
    public long Term { get; set; }
}

/// <summary>Reads and writes the row of the owner.</summary>
internal static class OwnerRow
{
    /// <summary>True for a row that an owner wrote. The column xmin has the lower 32 bits of the number, also after VACUUM.</summary>
    private const string IsOriginal = """xmin::text::bigint = "Term" & 4294967295""";

    private const string Loaded = "its rows were loaded from a dump or a backup";

    /// <summary>Begins a term: an earlier owner that is still running will notice it. A database whose rows were loaded is marked as restored.</summary>
    /// <returns>The number of the term.</returns>
    public static async Task<long> BeginTermAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var mark = new NpgsqlCommand($"""UPDATE "store" SET "Restored" = $1 WHERE "Restored" IS NULL AND NOT EXISTS (SELECT FROM owner WHERE {IsOriginal})""", connection)
        {
            Parameters = { new() { Value = Loaded } },
        };
        await mark.ExecuteNonQueryAsync(cancel);
        await using var begin = new NpgsqlCommand(
            """INSERT INTO owner ("Id", "Term") VALUES (1, pg_current_xact_id()::text::bigint) ON CONFLICT ("Id") DO UPDATE SET "Term" = EXCLUDED."Term" RETURNING "Term" """, connection);
        return (long)(await begin.ExecuteScalarAsync(cancel))!;
    }

    /// <summary>Returns the number of the present term; null if the row was loaded.</summary>
    /// <exception cref="NpgsqlException">The row or the table is missing: a restore may have begun and not ended.</exception>
    public static async Task<long?> TermAsync(NpgsqlConnection connection, int timeoutSeconds, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand($"""SELECT CASE WHEN {IsOriginal} THEN "Term" END FROM owner""", connection) { CommandTimeout = timeoutSeconds };
        return await command.ExecuteScalarAsync(cancel) is { } term ? term as long? : throw new NpgsqlException("the table owner is empty");
    }
}
