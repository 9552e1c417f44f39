using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace ImapGateway.Storage;

/// <summary>The context of the database. It knows no feature: entities bring their own <see cref="IEntityTypeConfiguration{TEntity}"/>; <see cref="DbContext.Set{TEntity}()"/> reaches them.</summary>
public abstract class GatewayDbContext(DbContextOptions options) : DbContext(options)
{
    /// <summary>Turns off the check that the migrations match the model, which a test does: at each start it would take a good part of a second.</summary>
    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) =>
        optionsBuilder.ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning));

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.ApplyConfigurationsFromAssembly(typeof(GatewayDbContext).Assembly);

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMilliseconds>();
}
