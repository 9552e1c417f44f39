using System.Diagnostics.CodeAnalysis;

namespace ImapGateway.Imap;

/// <summary>
/// Limits the octets of large answers that all connections to mail servers together keep in memory until they are parsed and used. The lists and header fields parsed from them count, too.
/// A connection whose answer does not fit stops reading, so its server waits. <see cref="AnswerBudget"/> limits what is planned; this class limits what arrives.
/// <para>
/// The answer that has been large for the longest time always continues, so answers cannot wait for each other without end. An account reads only one large answer at a time.
/// A large answer that arrives too slowly loses its connection while others wait: otherwise its octets would occupy the memory for as long as its server likes.
/// </para>
/// </summary>
/// <param name="most">The maximum number of octets of all large answers together. The oldest one may exceed it, up to the limits of a single answer.</param>
/// <param name="time">The clock that measures the pace of answers.</param>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The timer ends when no answer waits.")]
public sealed class AnswerMemory(long most, TimeProvider time)
{
    /// <summary>The default limit for all accounts together. Long strings take a few times as much memory while they are parsed.</summary>
    public const long Default = 64L << 20;

    /// <summary>The octets that each connection can keep without waiting. A page of messages is much smaller.</summary>
    public const long Small = 1L << 20;

    /// <summary>The interval at which the progress of answers is checked while others wait.</summary>
    public static readonly TimeSpan Check = TimeSpan.FromSeconds(5);

    /// <summary>The octets that a large answer must bring from one check to the next.</summary>
    public const long LeastProgress = 64 << 10;

    private readonly Lock _lock = new();
    private ITimer? _checks;
    private readonly LinkedList<Answer> _large = new();
    private long _used;

    private TimeProvider Time => time;

    /// <summary>The octets of large answers that are in memory now.</summary>
    public long Used
    {
        get
        {
            lock (_lock)
            {
                return _used;
            }
        }
    }

    /// <summary>Creates the counter for the memory of a new connection, whose answers arrive one after the other.</summary>
    /// <param name="account">An object that is equal for connections of the same account.</param>
    public Answer Of(object account) => new(this, account);

    private void CheckProgress()
    {
        List<Answer> slow;
        lock (_lock)
        {
            if (_large.All(answer => answer.Turn is null))
            {
                _checks?.Dispose();
                _checks = null;
                return;
            }
            slow = [.. _large.Where(answer => answer.Turn is null && answer.Seen is { } before && answer.Taken - before < LeastProgress)];
            foreach (var answer in _large)
            {
                answer.Seen = answer.Turn is null ? answer.Taken : null;
            }
        }
        slow.ForEach(answer => answer.TooSlow?.Invoke());
    }

    private void Charge(Answer answer, long octets)
    {
        var before = answer.Charged;
        answer.Octets += octets;
        _used += answer.Charged - before;
        if (answer.Charged > 0 && before == 0)
        {
            _large.AddLast(answer);
        }
        else if (answer.Charged == 0 && before > 0)
        {
            _large.Remove(answer);
        }
    }

    private bool MayGoOn(Answer answer) =>
        answer.Charged == 0
        || _large.First!.Value == answer
        || (_used <= most && _large.First(other => other.Account.Equals(answer.Account)) == answer);

    private void Admit()
    {
        foreach (var answer in _large.Where(answer => answer.Turn is not null && MayGoOn(answer)))
        {
            answer.Turn!.SetResult();
            answer.Turn = null;
        }
    }

    /// <summary>The memory that the answers of one connection occupy.</summary>
    public sealed class Answer(AnswerMemory memory, object account)
    {
        internal object Account => account;

        internal long Octets { get; set; }

        /// <summary>The octets that count towards the limit.</summary>
        internal long Charged => Math.Max(0, Octets - Small);

        internal TaskCompletionSource? Turn { get; set; }

        /// <summary>The total number of octets that have arrived.</summary>
        internal long Taken { get; private set; }

        /// <summary>The value of <see cref="Taken"/> at the last check. Null if the answer was waiting then.</summary>
        internal long? Seen { get; set; }

        /// <summary>Called to end the connection because the answer is too slow.</summary>
        public Action? TooSlow { get; set; }

        /// <summary>Counts octets that have arrived.</summary>
        /// <param name="octets">The number of octets.</param>
        /// <param name="parsed">The octets that their parsed form takes in addition, if it takes much more than they do.</param>
        /// <returns>A task that completes when more may be read.</returns>
        public ValueTask TakeAsync(int octets, long parsed = 0)
        {
            lock (memory._lock)
            {
                memory.Charge(this, octets + parsed);
                Taken += octets;
                if (memory.MayGoOn(this))
                {
                    return ValueTask.CompletedTask;
                }
                Turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                memory._checks ??= memory.Time.CreateTimer(_ => memory.CheckProgress(), null, Check, Check);
                return new ValueTask(Turn.Task);
            }
        }

        /// <summary>Counts octets that are no longer in memory.</summary>
        public void GiveBack(long octets)
        {
            lock (memory._lock)
            {
                memory.Charge(this, -Math.Min(octets, Octets));
                memory.Admit();
            }
        }

        /// <summary>Counts all octets as released. A wait ends, too, because its connection was closed.</summary>
        public void Clear()
        {
            lock (memory._lock)
            {
                memory.Charge(this, -Octets);
                Turn?.SetResult();
                Turn = null;
                memory.Admit();
            }
        }
    }
}
