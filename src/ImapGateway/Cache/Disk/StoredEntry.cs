using Microsoft.Win32.SafeHandles;

namespace ImapGateway.Cache.Disk;

/// <summary>An entry that is open for reading. Its end was checked already; earlier damage is found during reading.</summary>
public sealed class StoredEntry : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly SealedChunks _cipher;
    private readonly long _chunks;
    private readonly Action _damaged;

    private StoredEntry(SafeFileHandle file, SealedChunks cipher, long length, long chunks, string section, Action damaged)
    {
        (_file, _cipher, Length, _chunks, Section, _damaged) = (file, cipher, length, chunks, section, damaged);
    }

    /// <summary>The number of octets of content.</summary>
    public long Length { get; }

    public string Section { get; }

    /// <summary>True if the last read ended too early.</summary>
    public bool IsDamaged { get; private set; }

    /// <param name="damaged">Called when the file proves to be useless, at once or later.</param>
    /// <returns>The entry; null if there is nothing that can be read.</returns>
    internal static StoredEntry? Open(string path, byte[] key, string place, string section, Action damaged)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        try
        {
            var file = File.OpenHandle(path, share: FileShare.Read | FileShare.Delete, options: FileOptions.SequentialScan);
            var salt = new byte[SealedChunks.SaltLength];
            var cipher = RandomAccess.Read(file, salt, 0) == salt.Length ? new SealedChunks(key, salt, place) : null;
            if (cipher is not null && SealedChunks.Measure(RandomAccess.GetLength(file)) is var (length, chunks))
            {
                var entry = new StoredEntry(file, cipher, length, chunks, section, damaged);
                if (entry.Read(chunks - 1) is not null)
                {
                    return entry;
                }
            }
            cipher?.Dispose();
            file.Dispose();
        }
        catch (FileNotFoundException)
        {
            // The entry was removed just now to make room.
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // An unreadable file is treated as damaged.
        }
        damaged();
        return null;
    }

    /// <summary>Reads the content in pieces of 64 KB at most; check <see cref="IsDamaged"/> afterwards.</summary>
    /// <param name="offset">The position in the content.</param>
    /// <param name="count">The number of octets; null reads to the end.</param>
    public async IAsyncEnumerable<byte[]> ReadAsync(long offset, long? count)
    {
        var end = count < Length - offset ? offset + count.Value : Length;
        while (offset < end)
        {
            var number = offset / SealedChunks.ChunkLength;
            if (await Task.Run(() => Read(number)) is not { } content)
            {
                IsDamaged = true;
                _damaged();
                yield break;
            }
            var start = (int)(offset - (number * SealedChunks.ChunkLength));
            var length = (int)Math.Min(content.Length - start, end - offset);
            offset += length;
            yield return length == content.Length ? content : content.AsSpan(start, length).ToArray();
        }
    }

    /// <summary>Reads the beginning as a whole; null if it is damaged.</summary>
    public async Task<byte[]?> ReadAsync(int most)
    {
        using var octets = new MemoryStream();
        await foreach (var piece in ReadAsync(0, most))
        {
            octets.Write(piece);
        }
        return IsDamaged ? null : octets.ToArray();
    }

    private byte[]? Read(long number)
    {
        var isLast = number == _chunks - 1;
        var buffer = new byte[isLast ? RandomAccess.GetLength(_file) - SealedChunks.SaltLength - (number * SealedChunks.SealedLength) : SealedChunks.SealedLength];
        try
        {
            return RandomAccess.Read(_file, buffer, SealedChunks.SaltLength + (number * SealedChunks.SealedLength)) == buffer.Length ? _cipher.Open(number, isLast, buffer) : null;
        }
        catch (IOException)
        {
            // The disk cannot read the data back.
            return null;
        }
    }

    public void Dispose()
    {
        _cipher.Dispose();
        _file.Dispose();
    }
}
