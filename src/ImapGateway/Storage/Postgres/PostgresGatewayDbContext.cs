using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace ImapGateway.Storage.Postgres;

/// <summary>
/// The context with the tables as PostgreSQL has them. After a change of entities:
/// <code>dotnet tool restore &amp;&amp; dotnet ef migrations add NAME --project src/ImapGateway --context PostgresGatewayDbContext --output-dir Storage/Migrations/Postgres</code>
/// </summary>
public sealed class PostgresGatewayDbContext(DbContextOptions options) : GatewayDbContext(options)
{
    /// <summary>The share of a table's rows that may be dead before it is vacuumed.</summary>
    private const double DeadRows = 0.02;

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<KeyRingElement>().ToTable("key_ring");
        modelBuilder.Entity<OwnerEntity>().ToTable("owner").Property(owner => owner.Id).ValueGeneratedNever();
        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            // Rows here are rewritten all the time, and pages of an index are large: the default of a fifth lets tables grow to a multiple.
            entity.SetStorageParameter("autovacuum_vacuum_scale_factor", DeadRows);
            foreach (var column in entity.GetProperties().Where(column => column.IsCommitOrder()))
            {
                column.SetDefaultValueSql("pg_current_xact_id()::text::bigint");
            }
        }
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        // Ids compare as in SQLite and in C#, and no upgrade of the system's locales damages an index.
        configurationBuilder.Properties<string>().HaveConversion<PostgresText>().UseCollation("C");
    }
}

/// <summary>Makes the context for the command above alone.</summary>
public sealed class PostgresDesignTimeFactory : IDesignTimeDbContextFactory<PostgresGatewayDbContext>
{
    public PostgresGatewayDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<PostgresGatewayDbContext>().UseNpgsql("Host=design").Options);
}
