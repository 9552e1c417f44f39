namespace ImapGateway.Responses;

/// <summary>A stored row that lists show newest first.</summary>
public interface ICreated
{
    string Id { get; }

    DateTimeOffset CreatedAt { get; }
}

/// <summary>The position at which a page of a list ended that is newest first.</summary>
public sealed record CreatedPosition(DateTimeOffset CreatedAt, string Id)
{
    public static CreatedPosition Of(ICreated row) => new(row.CreatedAt, row.Id);
}

/// <summary>Queries pages of rows, newest first.</summary>
public static class NewestFirst
{
    /// <summary>Returns the rows after a position, and one more than the limit if there are more.</summary>
    /// <param name="rows">The rows that the caller may see.</param>
    /// <param name="all">All rows of the table.</param>
    public static IQueryable<T> Page<T>(this IQueryable<T> rows, IQueryable<T> all, CreatedPosition? position, int limit) where T : class, ICreated
    {
        if (position is not null)
        {
            // The database compares the stored value itself: a damaged instant is not read as the value by which its row was sorted.
            var last = all.Where(row => row.Id == position.Id);
            rows = rows.Where(row => last.Any()
                ? last.Any(end => row.CreatedAt < end.CreatedAt || (row.CreatedAt == end.CreatedAt && row.Id.CompareTo(end.Id) < 0))
                : row.CreatedAt < position.CreatedAt || (row.CreatedAt == position.CreatedAt && row.Id.CompareTo(position.Id) < 0));
        }
        return rows.OrderByDescending(row => row.CreatedAt).ThenByDescending(row => row.Id).Take(limit + 1);
    }
}
