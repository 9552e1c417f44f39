using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>What the operator wrote about the server, and what we add where nothing is written. Nothing of the text is ever repeated to anybody: any piece of it may belong to a password.</summary>
internal static class PostgresConnectionString
{
    /// <summary>
    /// The server gives 100 connections to all its clients. A command that takes longer than these seconds belongs to a server that is gone. A connection that was
    /// forgotten on the way is noticed while it waits in the pool.
    /// </summary>
    private const string Defaults = "Application Name=ImapGateway;Maximum Pool Size=20;Timeout=10;Command Timeout=15;Keepalive=30;Tcp Keepalive=true;";

    /// <summary>The server cuts application names off after 63 characters.</summary>
    private const int LongestHost = 30;

    /// <summary>What to tell the operator after the name of the setting; null where nothing is wrong.</summary>
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

    /// <summary>Closing a connection ends the session, and with it the locks that it has. Its name tells others which gateway it belongs to.</summary>
    /// <param name="text">Has no fault.</param>
    public static NpgsqlDataSource OpenForOwner(string text) =>
        Open(text, pooled: false, $"ImapGateway on {Environment.MachineName[..Math.Min(Environment.MachineName.Length, LongestHost)]}, process {Environment.ProcessId}");

    /// <param name="text">Has no fault.</param>
    /// <param name="pooled">False: closing a connection ends the session.</param>
    /// <param name="name">Replaces the application name of the text.</param>
    public static NpgsqlDataSource Open(string text, bool pooled = true, string? name = null)
    {
        var builder = new NpgsqlDataSourceBuilder(Defaults + text);
        var parts = builder.ConnectionStringBuilder;
        parts.Pooling = pooled;
        parts.ApplicationName = name ?? parts.ApplicationName;
        // Values of rows would stand in messages that are logged.
        parts.IncludeErrorDetail = false;
        parts.PersistSecurityInfo = false;
        // It would take back what Prepare sets; sessions are otherwise left as they were found.
        parts.NoResetOnClose = true;
        builder.UsePhysicalConnectionInitializer(Prepare, PrepareAsync);
        return builder.Build();
    }

    /// <summary>
    /// A gateway whose machine dies in a transaction must not hold the rows of its accounts until the network gives up, which takes hours. And what was
    /// acknowledged must survive a power failure: a sequence number whose webhook has left would be given again.
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
