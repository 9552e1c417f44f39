using ImapGateway.Mail;
using ImapGateway.Storage.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ImapGateway.Storage;

/// <summary>Whether the storage can be read and the last write went through. Only after a failure is a write tried: anybody may ask, and a write costs a sync.</summary>
public sealed class StorageHealth(SqliteDatabase database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await database.ReadAsync((read, cancel) => read.Database.ExecuteSqlAsync($"SELECT count(*) FROM sqlite_master", cancel), cancellationToken);
            if (database.WritesFail)
            {
                await database.WriteAsync((write, cancel) => write.Database.ExecuteSqlAsync($"PRAGMA user_version = 0", cancel), cancellationToken);
            }
            return HealthCheckResult.Healthy();
        }
        catch (ProblemException failure)
        {
            return HealthCheckResult.Unhealthy(failure.Problem.Detail, failure);
        }
    }
}
