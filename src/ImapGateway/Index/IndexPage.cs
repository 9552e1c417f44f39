using ImapGateway.Mail;

namespace ImapGateway.Index;

/// <summary>A page of some hundred messages that follow each other by uid, as bytes. <see cref="Number"/> names the page in storage and is independent of its position.</summary>
public sealed class IndexPage
{
    private readonly Flags[] _flagSets;
    private readonly int _rowsAt;
    private readonly int _fingerprintsAt;

    public IndexPage(int number, byte[] data, PageHeader header, Flags[] flagSets, int rowsAt)
    {
        Number = number;
        Data = data;
        Header = header;
        _flagSets = flagSets;
        _rowsAt = rowsAt;
        var end = data.Length - PageChecksum.Length;
        _fingerprintsAt = data[0] == PageWriter.VersionWithFingerprints ? end - sizeof(ulong) * header.Count : end;
    }

    public int Number { get; }

    public byte[] Data { get; }

    public PageHeader Header { get; }

    /// <summary>Creates a page of at least one message, in uid order.</summary>
    public static IndexPage Of(int number, ReadOnlySpan<IndexRow> rows)
    {
        var writer = new PageWriter(rows.Length);
        foreach (ref readonly var row in rows)
        {
            writer.Add(row);
        }
        return writer.Finish(number);
    }

    /// <summary>Creates a page from stored bytes and checks all of them once, so that later readers of the page can rely on it.</summary>
    /// <exception cref="InvalidDataException">The bytes were not written by <see cref="PageWriter"/>.</exception>
    public static IndexPage Parse(int number, byte[] data)
    {
        if (!PageChecksum.Holds(data) || data[0] is not (PageWriter.Version or PageWriter.VersionWithFingerprints))
        {
            throw new InvalidDataException($"Index page {number} is damaged or of another version.");
        }
        var bytes = new VarintReader(data, 1, data.Length - PageChecksum.Length);
        var header = PageHeader.Read(ref bytes);
        var flagSets = ReadFlagSets(ref bytes);
        // Every message takes a byte at least, and with a fingerprint eight more.
        if (header.Count > bytes.Left / (data[0] == PageWriter.VersionWithFingerprints ? 1 + sizeof(ulong) : 1))
        {
            throw VarintReader.Corrupt();
        }
        var page = new IndexPage(number, data, header, flagSets, bytes.Position);
        return page.AgreesWithHeader() ? page : throw new InvalidDataException($"Index page {number} contradicts its header.");
    }

    public PageReader Read() => new(new VarintReader(Data, _rowsAt, _fingerprintsAt), Header.Count, _flagSets, FingerprintBytes);

    /// <summary>The fingerprints of its messages in uid order; empty if none is known.</summary>
    public FingerprintColumn Fingerprints => new(FingerprintBytes.Span);

    private ReadOnlyMemory<byte> FingerprintBytes => Data.AsMemory(_fingerprintsAt..^PageChecksum.Length);

    /// <summary>Decodes all messages to the front of <paramref name="rows"/>.</summary>
    public void CopyTo(Span<IndexRow> rows)
    {
        var reader = Read();
        for (var i = 0; reader.Next(); i++)
        {
            rows[i] = reader.Row;
        }
    }

    private static Flags[] ReadFlagSets(ref VarintReader bytes)
    {
        var count = bytes.ReadInt32();
        if (count > bytes.Left)
        {
            throw VarintReader.Corrupt();
        }
        var flagSets = new Flags[count];
        for (var i = 0; i < count; i++)
        {
            flagSets[i] = FlagSets.Decode(bytes.ReadBytes(bytes.ReadInt32()));
        }
        return flagSets;
    }

    private bool AgreesWithHeader()
    {
        var unseen = Array.ConvertAll(_flagSets, flags => !flags.Contains(Flags.Seen));
        var found = PageHeader.Empty;
        var reader = Read();
        while (reader.Next())
        {
            found = found.Add(reader.Uid, reader.Id, unseen[reader.FlagSet]);
        }
        return found.Count > 0 && found == Header && reader.AtEnd;
    }
}
