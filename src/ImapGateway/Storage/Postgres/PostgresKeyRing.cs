using System.Xml.Linq;
using ImapGateway.Storage.KeyRing;
using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>A key of Data Protection, as Data Protection writes it.</summary>
public sealed class KeyRingElement
{
    public long Id { get; init; }

    public required string Name { get; init; }

    public required string Xml { get; init; }
}

/// <summary>Keeps the keys in the database. Data Protection asks once a day, and cannot wait asynchronously.</summary>
internal sealed class PostgresKeyRing(NpgsqlDataSource source) : IKeyRing
{
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var connection = source.OpenConnection();
        return [.. Read(connection).Select(row => row.Element)];
    }

    public IReadOnlyList<(string Place, XElement Element)> ReadAll()
    {
        using var connection = source.OpenConnection();
        return [.. Read(connection).Select(row => ($"row {row.Id} of the table key_ring", row.Element))];
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        using var command = source.CreateCommand("""INSERT INTO key_ring ("Name", "Xml") VALUES ($1, $2)""");
        command.Parameters.AddWithValue(friendlyName);
        command.Parameters.AddWithValue(element.ToString(SaveOptions.DisableFormatting));
        command.ExecuteNonQuery();
    }

    /// <summary>Replaces elements. TRUNCATE gives the table a new file and removes the old one at the commit: an UPDATE would leave the old rows in it.</summary>
    public int Rewrite(Func<XElement, XElement?> change)
    {
        using var connection = source.OpenConnection();
        using var transaction = connection.BeginTransaction();
        var rows = Read(connection).Select(row => (row.Id, row.Name, row.Element, Changed: change(row.Element))).ToList();
        var count = rows.Count(row => row.Changed is not null);
        if (count > 0)
        {
            using var truncate = new NpgsqlCommand("TRUNCATE key_ring", connection);
            truncate.ExecuteNonQuery();
            foreach (var row in rows)
            {
                using var insert = new NpgsqlCommand("""INSERT INTO key_ring ("Id", "Name", "Xml") VALUES ($1, $2, $3)""", connection);
                insert.Parameters.AddWithValue(row.Id);
                insert.Parameters.AddWithValue(row.Name);
                insert.Parameters.AddWithValue((row.Changed ?? row.Element).ToString(SaveOptions.DisableFormatting));
                insert.ExecuteNonQuery();
            }
        }
        transaction.Commit();
        return count;
    }

    private static List<(long Id, string Name, XElement Element)> Read(NpgsqlConnection connection)
    {
        var found = new List<(long, string, XElement)>();
        using var exists = new NpgsqlCommand("SELECT to_regclass('key_ring') IS NOT NULL", connection);
        if (exists.ExecuteScalar() is true)
        {
            using var all = new NpgsqlCommand("""SELECT "Id", "Name", "Xml" FROM key_ring ORDER BY "Id" """, connection);
            using var rows = all.ExecuteReader();
            while (rows.Read())
            {
                var (id, xml) = (rows.GetInt64(0), rows.GetString(2));
                found.Add((id, rows.GetString(1), KeyRingXml.Read($"row {id} of the table key_ring", () => XElement.Parse(xml))));
            }
        }
        return found;
    }
}
