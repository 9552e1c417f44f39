using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>A key of Data Protection, as it writes it.</summary>
public sealed class KeyRingElement
{
    public long Id { get; init; }

    public required string Name { get; init; }

    public required string Xml { get; init; }
}

/// <summary>The keys in the database, so that all gateways on it read what any of them encrypted. Data Protection asks once a day, and cannot wait asynchronously.</summary>
internal sealed class PostgresKeyRing(NpgsqlDataSource source) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        var elements = new List<XElement>();
        using var command = source.CreateCommand("""SELECT "Xml" FROM key_ring ORDER BY "Id" """);
        using var rows = command.ExecuteReader();
        while (rows.Read())
        {
            elements.Add(XElement.Parse(rows.GetString(0)));
        }
        return elements;
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        using var command = source.CreateCommand("""INSERT INTO key_ring ("Name", "Xml") VALUES ($1, $2)""");
        command.Parameters.AddWithValue(friendlyName);
        command.Parameters.AddWithValue(element.ToString(SaveOptions.DisableFormatting));
        command.ExecuteNonQuery();
    }
}
