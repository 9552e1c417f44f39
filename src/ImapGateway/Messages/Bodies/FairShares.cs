namespace ImapGateway.Messages.Bodies;

/// <summary>Divides what one answer can carry among messages of very different sizes.</summary>
public static class FairShares
{
    /// <summary>The highest level at which all that is wanted, each cut to the level, fits the total: what small ones leave goes to the large ones.</summary>
    /// <param name="wanted">At least one; not negative.</param>
    public static long Level(IEnumerable<long> wanted, long total)
    {
        var ascending = wanted.Order().ToList();
        for (var i = 0; i < ascending.Count; i++)
        {
            var share = total / (ascending.Count - i);
            if (ascending[i] > share)
            {
                return share;
            }
            total -= ascending[i];
        }
        return ascending[^1] + total;
    }
}
