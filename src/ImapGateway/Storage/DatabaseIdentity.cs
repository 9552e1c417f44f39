using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Storage;

/// <summary>
/// Tells a database from its copies, as far as the server does. On PostgreSQL: the system identifier of the cluster (another one after pg_restore elsewhere), its timeline (another one after
/// a point-in-time recovery or the promotion of a standby), and the object id of the table <c>store</c> (another one after pg_restore in the same cluster). On SQLite: nothing.
/// </summary>
public static class DatabaseIdentity
{
    private const string Query =
        """
        SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/' || '"store"'::regclass::oid AS "Value"
        """;

    public static async Task<string> OfAsync(GatewayDbContext database, CancellationToken cancel) =>
        database.Database.IsNpgsql() ? await database.Database.SqlQueryRaw<string>(Query).SingleAsync(cancel) : "";
}
