using Microsoft.Win32.SafeHandles;

namespace ImapGateway.Cache.Disk;

/// <summary>An entry that is open for reading. Its end was checked already; what is damaged before that is found on the way.</summary>
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

    /// <summary>Octets of content.</summary>
    public long Length { get; }

    public string Section { get; }

    /// <summary>What was read ends too early.</summary>
    public bool IsDamaged { get; private set; }

    /// <param name="damaged">Is told when the file turns out to be useless, at once or later.</param>
    /// <returns>Null where there is nothing that could be read.</returns>
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
            // It had to make room just now.
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It cannot be read: no better than damaged.
        }
        damaged();
        return null;
    }

    /// <summary>In pieces of 64 KB at most; see <see cref="IsDamaged"/> afterwards.</summary>
    /// <param name="offset">In the content.</param>
    /// <param name="count">Null: to the end.</param>
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

    /// <summary>The beginning as a whole; null where it is damaged.</summary>
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
            // A disk that cannot read it back.
            return null;
        }
    }

    public void Dispose()
    {
        _cipher.Dispose();
        _file.Dispose();
    }
}
