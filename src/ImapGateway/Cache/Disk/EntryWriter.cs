using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace ImapGateway.Cache.Disk;

/// <summary>
/// Writes an entry to the disk, in constant memory. The entry exists after <see cref="CommitAsync"/>; if the writer is disposed earlier, nothing remains. Failures here are not errors for the
/// caller that reads the content meanwhile.
/// </summary>
public sealed class EntryWriter : IDisposable
{
    private readonly DiskCache _cache;
    private readonly DiskRoom _room;
    private readonly string _draft;
    private readonly byte[] _buffer = new byte[SealedChunks.ChunkLength];
    private readonly byte[] _sealed = new byte[SealedChunks.SealedLength];
    private readonly byte[] _salt = RandomNumberGenerator.GetBytes(SealedChunks.SaltLength);
    private readonly SealedChunks _cipher;
    private SafeFileHandle? _file;
    private int _held;
    private long _chunks;
    private long _length;
    private bool _failed;

    internal EntryWriter(DiskCache cache, DiskRoom room, DiskFolder folder, EntryPlace place)
    {
        (_cache, _room, Place) = (cache, room, place);
        _draft = folder.NewDraft();
        _cipher = new SealedChunks(folder.Key!, _salt, place.Seal);
    }

    internal EntryPlace Place { get; }

    /// <summary>True if the message, or its account, no longer exists.</summary>
    internal bool IsForgotten { get; set; }

    internal long Reserved { get; private set; }

    public async Task AppendAsync(ReadOnlyMemory<byte> content)
    {
        while (!_failed && content.Length > 0)
        {
            if (_held == _buffer.Length)
            {
                await Task.Run(() => Write(isLast: false));
            }
            var length = Math.Min(content.Length, _buffer.Length - _held);
            content[..length].CopyTo(_buffer.AsMemory(_held));
            _held += length;
            content = content[length..];
        }
    }

    /// <summary>Completes the entry after all of its content was appended.</summary>
    public Task CommitAsync() => Task.Run(() =>
    {
        Write(isLast: true);
        _file?.Dispose();
        if (!_failed)
        {
            _cache.Commit(this, _draft);
        }
    });

    private void Write(bool isLast)
    {
        var taken = _held + SealedChunks.TagLength;
        if (_failed || !_room.Reserve(taken, Reserved))
        {
            _failed = true;
            return;
        }
        Reserved += taken;
        try
        {
            if (_file is null)
            {
                _file = DiskFolder.Create(_draft);
                RandomAccess.Write(_file, _salt, 0);
                _length = _salt.Length;
            }
            var length = _cipher.Seal(_chunks++, isLast, _buffer.AsSpan(0, _held), _sealed);
            RandomAccess.Write(_file, _sealed.AsSpan(0, length), _length);
            _length += length;
            _held = 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _failed = true;
            _room.Failed(failure.Message);
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _cipher.Dispose();
        _cache.Ended(this, _draft);
        _room.Release(Reserved);
        Reserved = 0;
    }
}
