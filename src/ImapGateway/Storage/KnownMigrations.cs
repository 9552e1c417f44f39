using System.Reflection;
using ImapGateway.Settings;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace ImapGateway.Storage;

/// <summary>Finds migrations by reflection. EF would build the model first, which takes most of a second at a cold start, when mostly nothing is pending.</summary>
internal static class KnownMigrations
{
    /// <param name="context">The class of the context that the migrations were recorded for.</param>
    /// <param name="applied">The migrations that the database says it has.</param>
    /// <param name="place">The name of the database in the message, if it was written by a newer version.</param>
    /// <exception cref="StartupException">The database has a migration that this version does not know.</exception>
    public static List<string> PendingOf(Type context, IReadOnlySet<string> applied, string place)
    {
        var known = Of(context);
        return applied.Except(known).Order(StringComparer.Ordinal).LastOrDefault() is { } foreign
            ? throw new StartupException($"{place} was written by a newer version of the gateway (it has {foreign})")
            : [.. known.Except(applied)];
    }

    /// <summary>Demands that no migration is pending.</summary>
    /// <returns>The id of the last migration.</returns>
    /// <exception cref="StartupException">The database was written by another version.</exception>
    public static string DemandPresent(Type context, IReadOnlySet<string> applied, string place) => PendingOf(context, applied, place).Count == 0
        ? applied.Order(StringComparer.Ordinal).Last()
        : throw new StartupException($"{place} was written by an older version of the gateway: start this one on it first");

    /// <summary>Demands that a backup can be restored: its tables can be made, and brought up to date.</summary>
    /// <exception cref="StartupException">The backup was made by a newer version.</exception>
    public static void DemandKnown(Type context, string migration, string place) => PendingOf(context, new HashSet<string> { migration }, place);

    private static List<string> Of(Type context) =>
        [.. from type in context.Assembly.GetTypes()
            where type.GetCustomAttribute<DbContextAttribute>()?.ContextType == context
            let id = type.GetCustomAttribute<MigrationAttribute>()?.Id
            where id is not null
            orderby id
            select id];
}
