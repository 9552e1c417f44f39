namespace ImapGateway.Changes;

/// <summary>Limits the memory of all tails together. The oldest rows are dropped first, whichever tail they belong to.</summary>
/// <param name="most">The limit in octets, roughly.</param>
public sealed class TailBudget(long most)
{
    /// <summary>The number of forms in memory: a row and its two forms as JSON, made for the first reader that needs one.</summary>
    private const int Forms = 3;
    private const int Overhead = 512;

    private readonly Lock _lock = new();
    private readonly Queue<(ChangeTail Tail, GlobalPosition Place, long Size)> _held = new();
    private long _size;

    public void Add(ChangeTail tail, IEnumerable<(GlobalPosition Place, LoggedChange Change)> rows)
    {
        var victims = new List<(ChangeTail Tail, GlobalPosition Place)>();
        lock (_lock)
        {
            foreach (var (place, change) in rows)
            {
                var size = Overhead + Forms * (change.Data.Length + change.Metadata.Length + (change.Message?.Length ?? 0));
                _held.Enqueue((tail, place, size));
                _size += size;
            }
            while (_size > most)
            {
                var oldest = _held.Dequeue();
                _size -= oldest.Size;
                victims.Add((oldest.Tail, oldest.Place));
            }
        }
        foreach (var (victim, place) in victims)
        {
            victim.Drop(place);
        }
    }
}
