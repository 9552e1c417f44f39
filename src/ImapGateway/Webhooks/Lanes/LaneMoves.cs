using System.Globalization;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Webhooks.Lanes;

/// <summary>Moves the cursors of many lanes at once: only forward, and only those of the present generation.</summary>
public static class LaneMoves
{
    private const int Most = 200;

    /// <returns>The lanes that have another generation now, or are gone.</returns>
    public static async Task<List<LaneRef>> WriteAsync(GatewayDbContext db, IReadOnlyCollection<LaneMove> moves, CancellationToken cancel)
    {
        var lost = new List<LaneRef>();
        foreach (var some in moves.Chunk(Most))
        {
            if (await UpdateAsync(db, some, cancel) < some.Length)
            {
                lost.AddRange(await LostAsync(db, some, cancel));
            }
        }
        foreach (var end in moves.Where(move => move.IsEnd))
        {
            await db.Set<LaneEntity>().Where(lane => lane.Id == end.Lane.Id && lane.Generation == end.Lane.Generation).ExecuteDeleteAsync(cancel);
        }
        return lost;
    }

    private static Task<int> UpdateAsync(GatewayDbContext db, LaneMove[] moves, CancellationToken cancel)
    {
        // The columns of VALUES have these names on both databases. Numbers are safe in the text of the statement.
        var values = string.Join(", ", moves.Select(move => string.Create(CultureInfo.InvariantCulture, $"({move.Lane.Id}, {move.Lane.Generation}, {move.Cursor})")));
        var sql = $"""
            UPDATE "webhook_lane" SET "Cursor" = v.column3 FROM (VALUES {values}) AS v
            WHERE "Id" = v.column1 AND "Generation" = v.column2 AND "Cursor" <= v.column3
            """;
        return db.Database.ExecuteSqlRawAsync(sql, cancel);
    }

    private static async Task<IEnumerable<LaneRef>> LostAsync(GatewayDbContext db, LaneMove[] moves, CancellationToken cancel)
    {
        var ids = moves.Select(move => move.Lane.Id).ToList();
        var present = await db.Set<LaneEntity>().AsNoTracking().Where(lane => ids.Contains(lane.Id)).ToDictionaryAsync(lane => lane.Id, lane => lane.Generation, cancel);
        return moves.Where(move => !present.TryGetValue(move.Lane.Id, out var generation) || generation != move.Lane.Generation).Select(move => move.Lane);
    }
}
