using System.Security.Cryptography;
using ImapGateway.Settings;
using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>A session that has the lock.</summary>
/// <param name="Session">The identity of the session at the server: a process id and its start time.</param>
/// <param name="Description">The description for the operator: which gateway, where, since when.</param>
internal sealed record LockHolder(string Session, string Description);

/// <summary>
/// The advisory locks by which one gateway owns a database. They belong to the database, not to the server, and end with their session. The owner's session has the locks
/// "owner" and one with a random number. A write transaction takes a shared lock "writers", and then must find that number locked. So a transaction of a gateway that is no
/// longer the owner either is refused, or has its shared lock "writers", for which the next owner waits.
/// </summary>
internal static class OwnerLock
{
    /// <summary>The class of the locks, the octets of "imap": advisory locks of other programs in the same database have other numbers.</summary>
    private const int Class = 0x696D6170;
    private const int Owner = 1;
    private const int Writers = 2;
    private const int FirstNumber = 3;

    /// <summary>
    /// The settings of the session. A process that is suspended answers TCP keepalives, but sends no pings: idle_session_timeout ends its session. PostgreSQL 13 does not have that; there
    /// keepalives at least detect a machine that is gone.
    /// </summary>
    private const string SessionSettings =
        """
        SELECT set_config('idle_session_timeout', '10s', false) WHERE current_setting('server_version_num')::int >= 140000;
        SET tcp_keepalives_idle = 2;
        SET tcp_keepalives_interval = 2;
        SET tcp_keepalives_count = 3;
        """;

    private const string Ours = "locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND objsubid = 2 AND granted";

    public static async Task<bool> TryTakeAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await ExecuteAsync(connection, SessionSettings, cancel);
        return await ScalarAsync(connection, $"SELECT pg_try_advisory_lock({Class}, {Owner})", cancel) is true;
    }

    /// <summary>Returns the session that has the lock, or null if none has it any more.</summary>
    public static async Task<LockHolder?> HolderAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(
            $"""
            SELECT pid, backend_start, application_name, host(client_addr) FROM pg_locks LEFT JOIN pg_stat_activity USING (pid)
            WHERE {Ours} AND classid = {Class} AND objid = {Owner}
            """,
            connection);
        await using var rows = await command.ExecuteReaderAsync(cancel);
        if (!await rows.ReadAsync(cancel))
        {
            return null;
        }
        var pid = rows.GetInt32(0);
        // Only the same role, and superusers, see more than the process id.
        var since = rows.IsDBNull(1) ? "" : $"{rows.GetDateTime(1):yyyy-MM-dd HH:mm:ss.ffffff}Z";
        var name = rows.IsDBNull(2) || rows.GetString(2).Length == 0 ? $"session {pid} of the server" : rows.GetString(2);
        var address = rows.IsDBNull(3) ? "" : $" (from {rows.GetString(3)})";
        return new LockHolder($"{pid} {since}", since.Length == 0 ? name : $"{name}{address}, connected since {since[..19]}Z");
    }

    /// <summary>Returns the session of this connection, as <see cref="LockHolder.Session"/> names it.</summary>
    public static async Task<string> SessionAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand("SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()", connection);
        return $"{connection.ProcessID} {(DateTime)(await command.ExecuteScalarAsync(cancel))!:yyyy-MM-dd HH:mm:ss.ffffff}Z";
    }

    /// <summary>Ends a session of this process that the server still believes in.</summary>
    public static Task EndAsync(NpgsqlConnection connection, LockHolder own, CancellationToken cancel) =>
        ExecuteAsync(connection, $"SELECT pg_terminate_backend({own.Session.Split(' ')[0]})", cancel);

    /// <summary>Ends the write transactions of earlier owners, waits until they have ended, and blocks new ones until the transaction of this connection ends.</summary>
    public static async Task KeepWritersAwayAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        try
        {
            await ExecuteAsync(connection, $"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {Ours} AND classid = {Class} AND objid = {Writers}", cancel);
        }
        catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new StartupException("Storage:ConnectionString: another user still writes to the database");
        }
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({Class}, {Writers})", cancel);
    }

    /// <summary>Locks a number that no other session has, for <see cref="MayWriteAsync"/>.</summary>
    public static async Task<int> NumberAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        var number = RandomNumberGenerator.GetInt32(FirstNumber, int.MaxValue);
        await ExecuteAsync(connection, $"SELECT pg_advisory_lock({Class}, {number})", cancel);
        return number;
    }

    /// <summary>Checks in the first statement of a write transaction that this process is the owner. CASE, since the order of AND is not defined: the shared lock comes first.</summary>
    /// <param name="number">The number of this process as the owner, as far as it knows.</param>
    /// <returns>False if the session of the owner has ended: then the number can be locked as shared.</returns>
    public static async Task<bool> MayWriteAsync(NpgsqlConnection connection, int number, CancellationToken cancel) => await ScalarAsync(
        connection,
        $"SELECT CASE WHEN pg_try_advisory_xact_lock_shared({Class}, {Writers}) THEN pg_try_advisory_xact_lock_shared({Class}, {number}) END",
        cancel) is false;

    /// <summary>Checks the same for a session as a whole, until it ends.</summary>
    public static async Task<bool> MayWriteForLongAsync(NpgsqlConnection connection, int number, CancellationToken cancel) => await ScalarAsync(
        connection,
        $"SELECT CASE WHEN pg_try_advisory_lock_shared({Class}, {Writers}) THEN pg_try_advisory_xact_lock_shared({Class}, {number}) END",
        cancel) is false;

    /// <summary>True if the session that has locked this number still has it.</summary>
    public static async Task<bool> IsLockedAsync(NpgsqlConnection connection, int number, CancellationToken cancel) =>
        await ScalarAsync(connection, $"SELECT pg_try_advisory_xact_lock_shared({Class}, {number})", cancel) is false;

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancel);
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancel);
    }
}
