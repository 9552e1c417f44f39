using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace ImapGateway.Storage.Sqlite;

/// <summary>
/// The tables as SQLite has them. After a change of entities:
/// <code>dotnet tool restore &amp;&amp; dotnet ef migrations add NAME --project src/ImapGateway --context SqliteGatewayDbContext --output-dir Storage/Migrations/Sqlite</code>
/// </summary>
public sealed class SqliteGatewayDbContext(DbContextOptions options) : GatewayDbContext(options);

/// <summary>For the command above alone.</summary>
public sealed class SqliteDesignTimeFactory : IDesignTimeDbContextFactory<SqliteGatewayDbContext>
{
    public SqliteGatewayDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteGatewayDbContext>().UseSqlite("Data Source=design.db").Options);
}
