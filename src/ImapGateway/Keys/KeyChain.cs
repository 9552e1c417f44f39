using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Keys;

/// <summary>Reads which keys were made by which.</summary>
public static class KeyChain
{
    /// <summary>The largest number of keys in a chain of keys that made each other. More is a mistake.</summary>
    public const int MaxLength = 8;

    /// <summary>Returns the key and its ancestors, nearest first. Null if there is none, or an ancestor is gone, or a damaged row makes the chain a circle.</summary>
    public static async Task<List<ApiKey>?> ReadAsync(DbContext db, Expression<Func<ApiKey, bool>> which, CancellationToken cancel)
    {
        var keys = db.Set<ApiKey>().AsNoTracking();
        var chain = new List<ApiKey>();
        var next = await keys.SingleOrDefaultAsync(which, cancel);
        while (next is not null && chain.Count < MaxLength)
        {
            chain.Add(next);
            if (next.CreatedBy is not { } parent)
            {
                return chain;
            }
            next = await keys.SingleOrDefaultAsync(key => key.Id == parent, cancel);
        }
        return null;
    }

    /// <summary>Returns the ids of all keys that descend from this one, without itself.</summary>
    public static async Task<HashSet<string>> DescendantsAsync(DbContext db, string id, CancellationToken cancel)
    {
        var found = new HashSet<string>();
        List<string> generation = [id];
        while (generation.Count > 0)
        {
            generation = await db.Set<ApiKey>().Where(key => key.CreatedBy != null && generation.Contains(key.CreatedBy)).Select(key => key.Id).ToListAsync(cancel);
            generation.RemoveAll(key => !found.Add(key));
        }
        return found;
    }
}
