using Microsoft.Extensions.Options;

namespace ImapGateway.Cache.Disk;

/// <summary>
/// Counts the space on disk, and removes the messages that were not read for the longest time. The time of a message's folder shows when it was last read, so nothing has to be remembered. A full
/// disk needs its space for other data: the cache removes half, and writes nothing for a while.
/// </summary>
public sealed partial class DiskRoom(DiskFolder folder, IOptions<CacheOptions> options, CacheMetrics metrics, TimeProvider time, ILogger<DiskRoom> log)
{
    /// <summary>The divisor for the largest entry: one entry may take this part of all the space.</summary>
    private const int Share = 8;

    private const int Block = 4096;

    private const string Short = "little room is left";

    /// <summary>The maximum number of messages that one walk through all of them finds to be the oldest. More messages take another walk.</summary>
    private const int MostAtOnce = 10_000;

    /// <summary>The maximum free space of the disk that is left to other programs.</summary>
    private const long MostSpared = 256L << 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly long _limit = options.Value.DiskBytes;
    private readonly Lock _gate = new();
    private long _stored = options.Value.DiskBytes;
    private long _reserved;
    private long _resumes;
    private bool _isCounted;
    private bool _isShort;

    private long Full => _limit / 10 * 9;

    /// <summary>Raised when entries should be removed. It is raised on any thread, while others wait.</summary>
    public event Action? Crowded;

    /// <summary>Returns whether an entry of this length may be written.</summary>
    public bool Takes(long length) => length <= _limit / Share && time.GetTimestamp() >= Interlocked.Read(ref _resumes);

    /// <param name="octets">The additional octets on disk, until <see cref="Release"/>.</param>
    /// <param name="held">The octets that the same entry has reserved already.</param>
    /// <returns>False if there is no space.</returns>
    public bool Reserve(long octets, long held)
    {
        if (!Takes(held + octets))
        {
            return false;
        }
        if (IsDiskShort())
        {
            Failed(Short);
            return false;
        }
        lock (_gate)
        {
            if (_stored + _reserved + octets <= _limit)
            {
                _reserved += octets;
                return true;
            }
        }
        Crowded?.Invoke();
        return false;
    }

    public void Release(long octets)
    {
        lock (_gate)
        {
            _reserved -= octets;
        }
    }

    /// <summary>Counts the octets of files that were added or removed.</summary>
    public void Changed(long octets)
    {
        bool isCrowded;
        lock (_gate)
        {
            _stored += octets;
            metrics.OnDisk = _stored;
            isCrowded = octets > 0 && _stored > Full;
        }
        if (isCrowded)
        {
            Crowded?.Invoke();
        }
    }

    /// <summary>Stops writing for a while, because the disk refuses it.</summary>
    public void Failed(string reason)
    {
        metrics.Stored("failed");
        var isFirst = time.GetTimestamp() >= Interlocked.Exchange(ref _resumes, time.GetTimestamp() + (long)(Pause.TotalSeconds * time.TimestampFrequency));
        if (isFirst)
        {
            LogFailed(reason);
            _isShort = true;
            Crowded?.Invoke();
        }
    }

    /// <summary>Returns the octets on disk of a file of this length.</summary>
    public static long Occupied(long length) => (length + Block - 1) / Block * Block;

    /// <summary>Returns the octets on disk of a message's folder and all its files.</summary>
    public static long Occupied(DirectoryInfo message) => Block + message.EnumerateFiles().Sum(Occupied);

    private static long Occupied(FileInfo file)
    {
        try
        {
            return Occupied(file.Length);
        }
        catch (FileNotFoundException)
        {
            // The file was damaged and has just been removed.
            return 0;
        }
    }

    /// <summary>Checks whether the disk has little space left for other programs.</summary>
    public void Look()
    {
        if (_stored > 0 && IsDiskShort())
        {
            Failed(Short);
        }
    }

    /// <summary>Counts the stored octets, and removes messages that there is no space for. Must not run twice at a time.</summary>
    /// <param name="remove">Removes a message's folder.</param>
    public void Sweep(Action<string> remove, CancellationToken cancel)
    {
        if (_isCounted && !_isShort && _stored <= Full)
        {
            return;
        }
        for (var target = long.MaxValue; Walk(cancel) is ({ Count: > 0 } oldest, var total);)
        {
            target = target < long.MaxValue ? target : _isShort ? total / 2 : total > Full ? _limit / 10 * 8 : total;
            _isShort = false;
            foreach (var message in oldest)
            {
                if (_stored <= target || cancel.IsCancellationRequested)
                {
                    return;
                }
                remove(message);
                metrics.Stored("evicted");
            }
        }
    }

    private bool IsDiskShort()
    {
        var disk = new DriveInfo(folder.Root);
        return disk.AvailableFreeSpace < Math.Min(disk.TotalSize / 20, MostSpared);
    }

    private (IReadOnlyList<string> Oldest, long Total) Walk(CancellationToken cancel)
    {
        var (before, total) = (_stored, 0L);
        var oldest = new PriorityQueue<DirectoryInfo, long>();
        foreach (var message in new DirectoryInfo(folder.Messages).EnumerateDirectories().SelectMany(account => account.EnumerateDirectories()).SelectMany(mailbox => mailbox.EnumerateDirectories()))
        {
            if (cancel.IsCancellationRequested)
            {
                return ([], 0);
            }
            total += Occupied(message);
            oldest.Enqueue(message, -message.LastWriteTimeUtc.Ticks);
            if (oldest.Count > MostAtOnce)
            {
                oldest.Dequeue();
            }
        }
        _isCounted = true;
        Changed(total - before);
        return ([.. oldest.UnorderedItems.OrderByDescending(item => item.Priority).Select(item => item.Element.FullName)], total);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The disk cache gives up half of its room and rests for a minute: {Reason}")]
    private partial void LogFailed(string reason);
}
