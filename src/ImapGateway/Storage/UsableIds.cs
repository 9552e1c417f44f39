using System.Data.Common;
using ImapGateway.Settings;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Storage;

/// <summary>
/// Gives each row of a table whose id is damaged a new one, at start. No client could name the row otherwise, neither to change nor to delete it.
/// </summary>
/// <param name="table">The table, with a column <c>Id</c>.</param>
/// <param name="isUsable">Returns true if clients can send the id.</param>
/// <param name="next">Makes an id.</param>
public sealed partial class UsableIds(string table, Predicate<string> isUsable, Func<string> next, IDatabase database, ILogger<UsableIds> log) : IStartupStep
{
    /// <summary>A row, named by a value that is not damaged.</summary>
    private sealed record Row(long Place, string Id);

    public async Task RunAsync(CancellationToken cancel)
    {
        var damaged = (await database.ReadAsync((db, token) => db.Database.SqlQueryRaw<Row>(Query(db)).ToListAsync(token), cancel)).FindAll(row => !isUsable(row.Id));
        foreach (var row in damaged)
        {
            var id = next();
            try
            {
                await database.WriteAsync((db, token) => db.Database.ExecuteSqlRawAsync(Update(db), [id, db.Database.IsSqlite() ? row.Place : row.Id], token), cancel);
                LogReplaced(table, id);
            }
            catch (DbException failure)
            {
                // Other rows may refer to it. It does not prevent the start.
                LogKept(table, failure);
            }
        }
    }

    /// <summary>Returns the query. SQLite may have any type in the column; a value that is not text is not an id, whatever it looks like as text.</summary>
    private string Query(GatewayDbContext db) => db.Database.IsSqlite()
        ? $"""SELECT rowid AS "Place", CASE typeof("Id") WHEN 'text' THEN "Id" ELSE '' END AS "Id" FROM "{table}" """
        : $"""SELECT 0::bigint AS "Place", "Id" FROM "{table}" """;

    private string Update(GatewayDbContext db) => $$"""UPDATE "{{table}}" SET "Id" = {0} WHERE {{(db.Database.IsSqlite() ? "rowid" : "\"Id\"")}} = {1}""";

    [LoggerMessage(Level = LogLevel.Error, Message = "A row of the table {Table} had a damaged id; it has the id {Id} now")]
    private partial void LogReplaced(string table, string id);

    [LoggerMessage(Level = LogLevel.Error, Message = "A row of the table {Table} has a damaged id, which could not be replaced")]
    private partial void LogKept(string table, Exception failure);
}
