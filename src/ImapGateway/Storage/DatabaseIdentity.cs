using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace ImapGateway.Storage;

/// <summary>
/// Distinguishes a database from its copies, as far as the server allows. On PostgreSQL: the system identifier of the cluster (another one after pg_restore elsewhere), its timeline (another one after
/// a point-in-time recovery or the promotion of a standby), the object id of the database (another one after CREATE DATABASE, also with a template), and that of the table <c>store</c> (another one after
/// pg_restore into the same database). On SQLite: nothing.
/// </summary>
public static class DatabaseIdentity
{
    private const string OfServer = "(SELECT system_identifier FROM pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)";
    private const string OfDatabase = $"{OfServer} || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())";
    private const string Query = $"""SELECT {OfDatabase} || '/' || '"store"'::regclass::oid AS "Value" """;

    /// <summary>Returns the part that does not need the tables. It fails on a standby.</summary>
    public static async Task<string> OfDatabaseAsync(NpgsqlConnection connection, int timeoutSeconds, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand($"SELECT {OfDatabase}", connection) { CommandTimeout = timeoutSeconds };
        return (string)(await command.ExecuteScalarAsync(cancel))!;
    }

    public static async Task<string> OfAsync(GatewayDbContext database, CancellationToken cancel) =>
        database.Database.IsNpgsql() ? await database.Database.SqlQueryRaw<string>(Query).SingleAsync(cancel) : "";
}
