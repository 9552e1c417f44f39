using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>Completes the operator's connection string by defaults. No part of the text is ever repeated in a message: it may be part of a password.</summary>
internal static class PostgresConnectionString
{
    /// <summary>
    /// The defaults. The server gives 100 connections to all its clients. A command that takes longer than the timeout belongs to a server that is gone. A connection that was
    /// lost on the way is noticed while it waits in the pool.
    /// </summary>
    private const string Defaults = "Application Name=ImapGateway;Maximum Pool Size=20;Timeout=10;Command Timeout=15;Keepalive=30;Tcp Keepalive=true;";

    /// <summary>The largest length of the host name: the server truncates application names after 63 characters.</summary>
    private const int LongestHost = 30;

    /// <summary>Returns the text for the operator after the name of the setting; null if nothing is wrong.</summary>
    public static string? FaultOf(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return "is needed for PostgreSQL: Host=...;Database=...;Username=...;Password=...";
        }
        try
        {
            var parts = new NpgsqlConnectionStringBuilder(text);
            return string.IsNullOrEmpty(parts.Host) || string.IsNullOrEmpty(parts.Database) ? "must name Host and Database" : null;
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException or NotSupportedException or InvalidCastException or OverflowException)
        {
            return "cannot be read; it is written Host=...;Database=...;Username=...;Password='...', in quotes where a value has a semicolon";
        }
    }

    /// <summary>Opens a data source for the owner. Closing a connection ends the session, and with it its locks. Its name tells other gateways which gateway it belongs to.</summary>
    /// <param name="text">The connection string, without a fault.</param>
    public static NpgsqlDataSource OpenForOwner(string text) =>
        Open(text, pooled: false, $"ImapGateway on {Environment.MachineName[..Math.Min(Environment.MachineName.Length, LongestHost)]}, process {Environment.ProcessId}");

    /// <param name="text">The connection string, without a fault.</param>
    /// <param name="pooled">False: closing a connection ends the session.</param>
    /// <param name="name">The name that replaces the application name of the text.</param>
    public static NpgsqlDataSource Open(string text, bool pooled = true, string? name = null)
    {
        var builder = new NpgsqlDataSourceBuilder(Defaults + text);
        var parts = builder.ConnectionStringBuilder;
        parts.Pooling = pooled;
        parts.ApplicationName = name ?? parts.ApplicationName;
        // Otherwise messages that are logged contain values of rows.
        parts.IncludeErrorDetail = false;
        parts.PersistSecurityInfo = false;
        // The reset would undo the settings of Prepare; sessions are otherwise returned as they were.
        parts.NoResetOnClose = true;
        builder.UsePhysicalConnectionInitializer(Prepare, PrepareAsync);
        return builder.Build();
    }

    /// <summary>
    /// The settings of each session. A gateway whose machine dies in a transaction must not lock the rows of its accounts until the network gives up, which takes hours. And an
    /// acknowledged write must survive a power failure: a sequence number whose webhook was sent would be given again.
    /// </summary>
    private const string Session = """
        SET idle_in_transaction_session_timeout = '30s';
        SET tcp_keepalives_idle = 30;
        SET tcp_keepalives_interval = 10;
        SET tcp_keepalives_count = 3;
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
        """;

    private static void Prepare(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(Session, connection);
        command.ExecuteNonQuery();
    }

    private static async Task PrepareAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(Session, connection);
        await command.ExecuteNonQueryAsync();
    }
}
