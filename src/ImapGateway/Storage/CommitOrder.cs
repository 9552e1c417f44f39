using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Storage;

/// <summary>
/// Defines a column that lets rows be read in an order in which no row appears before one that was read already: the number of the writing transaction on PostgreSQL,
/// where jobs commit in another order than they insert in; 0 on SQLite, which has one writer.
/// </summary>
public static class CommitOrder
{
    private const string Annotation = "ImapGateway:CommitOrder";

    /// <summary>
    /// The oldest running transaction, except those of other databases on the same server, which write nothing here and may run for hours. A transaction that cannot be seen
    /// (another role's, a prepared one) counts.
    /// </summary>
    private const string Oldest =
        """
        SELECT COALESCE(
            (SELECT min(running::text::bigint) FROM pg_snapshot_xip(pg_current_snapshot()) AS running
             WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity AS other WHERE other.backend_xid = running::xid AND other.datname <> current_database())),
            pg_snapshot_xmax(pg_current_snapshot())::text::bigint) AS "Value"
        """;

    public static PropertyBuilder<long> WrittenByTransaction(this PropertyBuilder<long> property) =>
        property.HasDefaultValueSql("0").ValueGeneratedOnAdd().HasAnnotation(Annotation, true);

    public static bool IsCommitOrder(this IReadOnlyProperty property) => property.FindAnnotation(Annotation) is not null;

    /// <summary>Returns the number below which every transaction has ended; rows from it on must not be read yet in this order.</summary>
    public static async Task<long> SettledAsync(GatewayDbContext database, CancellationToken cancel) => database.Database.IsNpgsql()
        ? await database.Database.SqlQueryRaw<long>(Oldest).SingleAsync(cancel)
        : long.MaxValue;
}
