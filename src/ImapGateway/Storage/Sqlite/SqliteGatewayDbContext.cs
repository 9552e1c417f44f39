using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace ImapGateway.Storage.Sqlite;

/// <summary>
/// The context with the tables as SQLite has them. After a change of entities:
/// <code>dotnet tool restore &amp;&amp; dotnet ef migrations add NAME --project src/ImapGateway --context SqliteGatewayDbContext --output-dir Storage/Migrations/Sqlite</code>
/// </summary>
public sealed class SqliteGatewayDbContext(DbContextOptions options) : GatewayDbContext(options)
{
    /// <summary>Converts integers. Any column can hold any 64-bit integer, and one that does not fit into 32 bits would fail the query of all rows beside it.</summary>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        configurationBuilder.Properties<int>().HaveConversion<SqliteInteger>();
        configurationBuilder.Properties<Enum>().HaveConversion<long>();
    }

    /// <summary>Reads a number that does not fit as the smallest one, which is never stored.</summary>
    private sealed class SqliteInteger() : ValueConverter<int, long>(value => value, stored => stored >= int.MinValue && stored <= int.MaxValue ? (int)stored : int.MinValue);
}

/// <summary>Makes the context for the command above alone.</summary>
public sealed class SqliteDesignTimeFactory : IDesignTimeDbContextFactory<SqliteGatewayDbContext>
{
    public SqliteGatewayDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteGatewayDbContext>().UseSqlite("Data Source=design.db").Options);
}
