using ImapGateway.Storage;
using ImapGateway.Storage.Postgres;
using ImapGateway.Storage.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Tests.Storage;

public class MigrationsTests
{
    [Fact]
    public void Every_change_of_an_entity_has_its_migration_for_SQLite() => IsRecorded(new SqliteDesignTimeFactory().CreateDbContext([]));

    [Fact]
    public void Every_change_of_an_entity_has_its_migration_for_PostgreSQL() => IsRecorded(new PostgresDesignTimeFactory().CreateDbContext([]));

    private static void IsRecorded(GatewayDbContext context)
    {
        using (context)
        {
            Assert.False(context.Database.HasPendingModelChanges(), "CONTRIBUTING.md tells how a migration is recorded for each database.");
        }
    }
}
