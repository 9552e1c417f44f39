using ImapGateway.Index;

namespace ImapGateway.Tests.Index;

/// <summary>What a database would hold after the updates it was given.</summary>
public sealed class Stored
{
    private readonly Dictionary<int, byte[]> _pages = [];

    public int Count => _pages.Count;

    public IEnumerable<(int Number, byte[] Data)> Pages => _pages.Select(page => (page.Key, page.Value));

    public long Bytes => _pages.Values.Sum(data => (long)data.Length);

    public MailboxIndex Write(IndexUpdate update)
    {
        Assert.Empty(update.Written.Select(page => page.Number).Intersect(update.Deleted));
        Assert.Equal(update.Written.Length, update.Written.DistinctBy(page => page.Number).Count());
        foreach (var (number, data) in update.Written)
        {
            _pages[number] = [.. data];
        }
        foreach (var number in update.Deleted)
        {
            Assert.True(_pages.Remove(number), $"page {number} was never stored");
        }
        return update.Index;
    }

    public MailboxIndex Load(int pageSize = MailboxIndex.DefaultPageSize) =>
        MailboxIndex.Load(Pages.Reverse().Select(page => (page.Number, page.Data.ToArray())), pageSize);
}
