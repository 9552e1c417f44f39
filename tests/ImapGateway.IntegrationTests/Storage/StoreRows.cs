using ImapGateway.Http;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>Rows of the simplest table there is, as tests write and read them: a unique text, octets, an instant.</summary>
public static class StoreRows
{
    public static IdempotencyRecord Row(string id, DateTimeOffset at = default) => new() { Id = id, PayloadHash = [1], PayloadKey = [2], ExpiresAt = at };

    public static Task<int> Add(this IDatabase database, string id, CancellationToken cancel = default) =>
        database.WriteAsync(
            (db, _) =>
            {
                db.Add(Row(id));
                return Task.FromResult(0);
            },
            cancel);

    /// <summary>In the order of the ids.</summary>
    public static Task<List<string>> Ids(this IDatabase database) =>
        database.ReadAsync((db, cancel) => db.Set<IdempotencyRecord>().OrderBy(row => row.Id).Select(row => row.Id).ToListAsync(cancel), default);
}
