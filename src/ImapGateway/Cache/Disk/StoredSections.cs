using ImapGateway.Mail;

namespace ImapGateway.Cache.Disk;

/// <summary>The stored sections of messages of one account, without their transfer encoding. They are stored as clients receive them, so that a range of a section is a range of its file.</summary>
public sealed class StoredSections(DiskCache disk, string incarnation)
{
    /// <summary>Finds the first of these sections that is stored.</summary>
    public Task<StoredEntry?> FindAsync(HeaderKey message, params string[] sections) => disk.FindAsync(incarnation, message, sections);

    /// <summary>Returns the length of a section in octets; null if it is not stored.</summary>
    public Task<long?> LengthAsync(HeaderKey message, string section) => disk.LengthAsync(incarnation, message, section);

    /// <summary>Returns the pieces unchanged and stores them. They are on disk when the caller has taken the last one. A caller that stops before that stores nothing.</summary>
    /// <param name="size">The size as far as it is known.</param>
    /// <param name="pieces">All pieces of the section.</param>
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

    /// <summary>Stores a section that is in memory.</summary>
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
            // Headers with a problem are not kept.
            await (headers.Problem is null ? DiskHeaders.PutAsync(disk, incarnation, message, headers) : Task.CompletedTask);
            await writer.CommitAsync();
        }
    }
}
