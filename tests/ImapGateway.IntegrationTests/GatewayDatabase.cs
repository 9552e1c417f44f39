using System.Globalization;
using Microsoft.Data.Sqlite;

namespace ImapGateway.IntegrationTests;

/// <summary>The SQLite database of a gateway, as whoever has its file reads and damages it.</summary>
public sealed class GatewayDatabase : IDisposable
{
    private readonly SqliteConnection _connection;

    /// <summary>Opens the database. What is written must not meet a gateway that runs.</summary>
    public GatewayDatabase(GatewayProcess gateway)
    {
        var file = new SqliteConnectionStringBuilder { DataSource = Path.Combine(gateway.DataDirectory, "gateway.db"), Pooling = false, ForeignKeys = false };
        _connection = new SqliteConnection(file.ToString());
        _connection.Open();
        Execute("PRAGMA synchronous = OFF");
    }

    /// <returns>The number of rows that were changed.</returns>
    public int Execute(string statement)
    {
        using var command = Command(statement);
        return command.ExecuteNonQuery();
    }

    /// <returns>The first value.</returns>
    public string Read(string query)
    {
        using var command = Command(query);
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture)!;
    }

    public void Dispose() => _connection.Dispose();

    private SqliteCommand Command(string text)
    {
        var command = _connection.CreateCommand();
        command.CommandText = text;
        return command;
    }
}
