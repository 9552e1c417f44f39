using System.Threading.Channels;
using ImapGateway.Background;
using Microsoft.Extensions.Options;

namespace ImapGateway.Cache.Disk;

/// <summary>
/// Caches content of messages that was read before on disk. <see cref="DiskFolder"/> has the location, <see cref="SealedChunks"/> the format, and <see cref="DiskRoom"/> the limits. Every entry
/// can be lost at any time, which costs only time; no method throws.
/// </summary>
public sealed class DiskCache(DiskFolder folder, DiskRoom room, IOptions<CacheOptions> options, CacheMetrics metrics, Loops loops) : LoopService("disk cache", loops)
{
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    private readonly Channel<Action> _work = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Lock _gate = new();
    private readonly HashSet<EntryWriter> _writers = [];
    private readonly CancellationTokenSource _ending = new();
    private Timer? _looks;
    private int _isCrowded;

    internal bool IsOn => folder.Key is not null;

    /// <summary>Finds the first of these sections that is stored.</summary>
    public Task<StoredEntry?> FindAsync(string incarnation, HeaderKey message, params string[] sections) => !IsOn ? Task.FromResult<StoredEntry?>(null) : Task.Run(() =>
    {
        var found = sections.Select(section => Open(new EntryPlace(incarnation, message, section))).FirstOrDefault(entry => entry is not null);
        metrics.Stored(found is null ? "miss" : "hit");
        return found;
    });

    /// <summary>Returns the length of a section in octets without reading the section; null if it is not stored.</summary>
    public Task<long?> LengthAsync(string incarnation, HeaderKey message, string section) => !IsOn ? Task.FromResult<long?>(null) : Task.Run(() =>
    {
        using var entry = Open(new EntryPlace(incarnation, message, section));
        return entry?.Length;
    });

    /// <param name="size">The size as far as it is known.</param>
    /// <returns>The writer; null if the entry would not be kept, or is being written already.</returns>
    public EntryWriter? Begin(string incarnation, HeaderKey message, string section, long size)
    {
        var place = new EntryPlace(incarnation, message, section);
        lock (_gate)
        {
            if (!IsOn || !room.Takes(size) || _writers.Any(writer => writer.Place == place))
            {
                return null;
            }
            var begun = new EntryWriter(this, room, folder, place);
            _writers.Add(begun);
            return begun;
        }
    }

    /// <summary>Moves the entries of messages to their new locations.</summary>
    public void Move(string incarnation, IReadOnlyCollection<(HeaderKey From, HeaderKey To)> moves) => Change(incarnation, [.. moves.Select(move => move.From)], () =>
    {
        foreach (var (from, to) in moves)
        {
            var (old, now) = (PathOf(incarnation, from), PathOf(incarnation, to));
            if (Directory.Exists(old) && !Directory.Exists(now))
            {
                DiskFolder.CreatePrivate(Path.GetDirectoryName(now)!);
                Directory.Move(old, now);
            }
            else
            {
                Delete(old);
            }
        }
    });

    /// <summary>Removes the entries of messages that no longer exist.</summary>
    public void Drop(string incarnation, IReadOnlyCollection<HeaderKey> messages) => Change(incarnation, messages, () =>
    {
        foreach (var message in messages)
        {
            Delete(PathOf(incarnation, message));
        }
    });

    /// <summary>Removes all entries of an account.</summary>
    /// <returns>False if some entries remain and the caller has to try again.</returns>
    public async Task<bool> ClearAsync(string incarnation)
    {
        if (!IsOn)
        {
            return options.Value.DiskBytes == 0;
        }
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Forget(incarnation, null);
        if (!_work.Writer.TryWrite(() =>
        {
            var path = Path.Combine(folder.Messages, incarnation);
            var freed = 0L;
            try
            {
                freed = Directory.Exists(path) ? new DirectoryInfo(path).EnumerateDirectories().SelectMany(mailbox => mailbox.EnumerateDirectories()).Sum(DiskRoom.Occupied) : 0;
                DiskFolder.DeleteTree(path);
                room.Changed(-freed);
                done.SetResult(true);
            }
            catch
            {
                done.SetResult(false);
                throw;
            }
        }))
        {
            return false;
        }
        return await done.Task;
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        room.Crowded += Sweep;
        Try(options.Value.DiskBytes > 0 ? folder.Open : folder.Remove);
        // Nothing is written before the existing entries are counted.
        _work.Writer.TryWrite(LookAround);
        if (options.Value.DiskBytes > 0)
        {
            _looks = new Timer(_ => _work.Writer.TryWrite(LookAround), null, Look, Look);
            await base.StartAsync(cancellationToken);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // Earlier changes are completed: a removed message must not stay.
        await _ending.CancelAsync();
        _work.Writer.TryComplete();
        if (ExecuteTask is not null)
        {
            await _work.Reader.Completion.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await base.StopAsync(cancellationToken);
    }

    /// <summary>Waits until there is work, or for ever if there will be none.</summary>
    protected override async Task WaitAsync(CancellationToken stopping)
    {
        if (!await _work.Reader.WaitToReadAsync(CancellationToken.None))
        {
            await Task.Delay(Timeout.Infinite, stopping);
        }
    }

    protected override Task TurnAsync(CancellationToken stopping)
    {
        while (_work.Reader.TryRead(out var work))
        {
            Try(work);
        }
        return Task.CompletedTask;
    }

    /// <summary>Makes an entry of a file that is complete.</summary>
    internal void Commit(EntryWriter writer, string draft)
    {
        var message = PathOf(writer.Place.Incarnation, writer.Place.Message);
        Try(() =>
        {
            lock (_gate)
            {
                if (writer.IsForgotten)
                {
                    return;
                }
                var before = Directory.Exists(message) ? DiskRoom.Occupied(new DirectoryInfo(message)) : 0;
                DiskFolder.CreatePrivate(message);
                File.Move(draft, Path.Combine(message, writer.Place.Name), overwrite: true);
                room.Changed(DiskRoom.Occupied(new DirectoryInfo(message)) - before);
            }
        });
    }

    internal void Ended(EntryWriter writer, string draft)
    {
        lock (_gate)
        {
            _writers.Remove(writer);
        }
        Try(() => File.Delete(draft));
    }

    internal StoredEntry? Open(EntryPlace place)
    {
        var message = PathOf(place.Incarnation, place.Message);
        var path = Path.Combine(message, place.Name);
        var entry = StoredEntry.Open(path, folder.Key!, place.Seal, place.Section, () =>
        {
            metrics.Stored("damaged");
            Try(() =>
            {
                var freed = DiskRoom.Occupied(new FileInfo(path).Length);
                File.Delete(path);
                room.Changed(-freed);
            });
        });
        if (entry is not null)
        {
            Try(() => Directory.SetLastWriteTimeUtc(message, DateTime.UtcNow));
        }
        return entry;
    }

    private string PathOf(string incarnation, HeaderKey message) => Path.Combine(folder.Messages, new EntryPlace(incarnation, message, "").Folder);

    private void Change(string incarnation, IReadOnlyCollection<HeaderKey> messages, Action change)
    {
        if (IsOn && messages.Count > 0)
        {
            Forget(incarnation, messages);
            _work.Writer.TryWrite(change);
        }
    }

    /// <summary>Discards the entries of these messages that are being written now.</summary>
    private void Forget(string incarnation, IReadOnlyCollection<HeaderKey>? messages)
    {
        lock (_gate)
        {
            foreach (var writer in _writers.Where(writer => writer.Place.Incarnation == incarnation && messages?.Contains(writer.Place.Message) != false))
            {
                writer.IsForgotten = true;
            }
        }
    }

    private void Delete(string message)
    {
        if (Directory.Exists(message))
        {
            var freed = DiskRoom.Occupied(new DirectoryInfo(message));
            DiskFolder.DeleteTree(message);
            room.Changed(-freed);
        }
    }

    private void LookAround()
    {
        if (!IsOn)
        {
            folder.Open();
        }
        room.Look();
        room.Sweep(Delete, _ending.Token);
    }

    private void Sweep()
    {
        if (Interlocked.Exchange(ref _isCrowded, 1) == 0)
        {
            _work.Writer.TryWrite(() =>
            {
                Volatile.Write(ref _isCrowded, 0);
                room.Sweep(Delete, _ending.Token);
            });
        }
    }

    /// <summary>Runs work so that failures of the disk cost entries and nothing else.</summary>
    private void Try(Action work)
    {
        try
        {
            work();
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            // The entry was removed just now to make room.
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            room.Failed(failure.Message);
        }
    }

    public override void Dispose()
    {
        _looks?.Dispose();
        _ending.Dispose();
        base.Dispose();
    }
}
