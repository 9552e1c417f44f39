using ImapGateway.Mail;

namespace ImapGateway.Cache.Disk;

/// <summary>Sections of messages of one account that were read before, without their transfer encoding: as readers get them, so that a range of one is a place in its file.</summary>
public sealed class StoredSections(DiskCache disk, string incarnation)
{
    /// <summary>The first of these sections that is there.</summary>
    public Task<StoredEntry?> FindAsync(HeaderKey message, params string[] sections) => disk.FindAsync(incarnation, message, sections);

    /// <summary>Octets of a section; null where it is not there.</summary>
    public Task<long?> LengthAsync(HeaderKey message, string section) => disk.LengthAsync(incarnation, message, section);

    /// <summary>The same pieces, which are on disk when the last one has been taken. Who goes before that leaves nothing.</summary>
    /// <param name="size">As far as it is known.</param>
    /// <param name="pieces">All there is of the section.</param>
    public async IAsyncEnumerable<byte[]> KeepAsync(HeaderKey message, MessageHeaders headers, string section, long size, IAsyncEnumerable<byte[]> pieces)
    {
        using var writer = disk.Begin(incarnation, message, section, size);
        await foreach (var piece in pieces)
        {
            await (writer?.AppendAsync(piece) ?? Task.CompletedTask);
            yield return piece;
        }
        await CommitAsync(writer, message, headers);
    }

    /// <summary>The same of what is in memory.</summary>
    public async Task PutAsync(HeaderKey message, MessageHeaders headers, string section, byte[] octets)
    {
        using var writer = disk.Begin(incarnation, message, section, octets.Length);
        await (writer?.AppendAsync(octets) ?? Task.CompletedTask);
        await CommitAsync(writer, message, headers);
    }

    private async Task CommitAsync(EntryWriter? writer, HeaderKey message, MessageHeaders headers)
    {
        if (writer is not null)
        {
            await DiskHeaders.PutAsync(disk, incarnation, message, headers);
            await writer.CommitAsync();
        }
    }
}
