using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace ImapGateway.Storage;

/// <summary>
/// Distinguishes a database from its copies, as far as the server allows. On PostgreSQL: the system identifier of the cluster (another one after pg_restore elsewhere), its timeline (another one after
/// a point-in-time recovery or the promotion of a standby), and the object id of the table <c>store</c> (another one after pg_restore in the same cluster). On SQLite: nothing.
/// </summary>
public static class DatabaseIdentity
{
    private const string OfServer = "(SELECT system_identifier FROM pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)";
    private const string Query = $"""SELECT {OfServer} || '/' || '"store"'::regclass::oid AS "Value" """;

    /// <summary>Returns the part that does not need the tables. It fails on a standby.</summary>
    public static async Task<string> OfServerAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand($"SELECT {OfServer}", connection);
        return (string)(await command.ExecuteScalarAsync(cancel))!;
    }

    public static async Task<string> OfAsync(GatewayDbContext database, CancellationToken cancel) =>
        database.Database.IsNpgsql() ? await database.Database.SqlQueryRaw<string>(Query).SingleAsync(cancel) : "";
}
