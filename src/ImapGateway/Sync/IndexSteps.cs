using ImapGateway.Index;

namespace ImapGateway.Sync;

/// <summary>Applies any number of changes to an index, a few thousand at a time. An index of 100,000 messages is made without holding all of them decoded.</summary>
public static class IndexSteps
{
    private const int Step = 5 * MailboxIndex.DefaultPageSize;

    /// <summary>Returns the result of <see cref="MailboxIndex.Apply"/> for all changes, except that pages may begin and end elsewhere.</summary>
    public static IndexUpdate Apply(MailboxIndex index, IEnumerable<IndexRow> upserts, IReadOnlyCollection<uint> removed)
    {
        var written = new Dictionary<int, byte[]>();
        var deleted = new HashSet<int>();
        void Take(IReadOnlyCollection<IndexRow> rows, IReadOnlyCollection<uint> gone)
        {
            var update = index.Apply(rows, gone);
            foreach (var number in update.Deleted)
            {
                written.Remove(number);
                deleted.Add(number);
            }
            foreach (var (number, data) in update.Written)
            {
                written[number] = data;
                deleted.Remove(number);
            }
            index = update.Index;
        }
        foreach (var rows in upserts.Chunk(Step))
        {
            Take(rows, []);
        }
        Take([], removed);
        return new IndexUpdate(index, [.. written.Select(page => (page.Key, page.Value))], [.. deleted]);
    }
}
