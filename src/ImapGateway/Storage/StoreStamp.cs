namespace ImapGateway.Storage;

/// <summary>
/// The file <c>stamp</c> in the data directory: the stamps of which the database has one, unless it was restored from a copy. The gateway replaces the stamp of the database while it works; the
/// file has the new one before the database does, and the old one until the database has the new one for sure. A database that has none of them is older than the last one the gateway has seen.
/// </summary>
public sealed class StoreStamp(DataDirectory data)
{
    private readonly string _path = data.Combine("stamp");

    /// <param name="store">The incarnation of the database: the file may have been written for another one.</param>
    /// <returns>The stamps; null if the file has none for this database.</returns>
    public IReadOnlyList<string>? Read(string store)
    {
        if (!File.Exists(_path))
        {
            return null;
        }
        var lines = File.ReadAllLines(_path);
        return lines.Length > 1 && lines[0] == store ? lines[1..] : null;
    }

    /// <summary>Writes the stamps. They are durable when the method returns.</summary>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public void Write(string store, params IEnumerable<string> stamps) => PrivateFile.Write(_path, string.Join('\n', stamps.Prepend(store)) + "\n");
}
