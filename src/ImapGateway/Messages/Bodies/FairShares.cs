namespace ImapGateway.Messages.Bodies;

/// <summary>Divides the size of one response among messages of very different sizes.</summary>
public static class FairShares
{
    /// <summary>Returns the highest level at which all sizes, each cut to the level, fit the total. What small messages do not need goes to large ones.</summary>
    /// <param name="wanted">The wanted sizes: at least one, none of them negative.</param>
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
