using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Storage;

/// <summary>Knows no feature: entities bring their own <see cref="IEntityTypeConfiguration{TEntity}"/> and are reached by <see cref="DbContext.Set{TEntity}()"/>.</summary>
public abstract class GatewayDbContext(DbContextOptions options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.ApplyConfigurationsFromAssembly(typeof(GatewayDbContext).Assembly);

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMilliseconds>();
}
