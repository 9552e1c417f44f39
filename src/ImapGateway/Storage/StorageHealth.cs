using ImapGateway.Mail;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ImapGateway.Storage;

/// <summary>Answers in time whatever the storage does: a client of the health check gives up after seconds, and would take silence for a dead process.</summary>
public sealed class StorageHealth(IStorage storage) : IHealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        try
        {
            await storage.CheckAsync(deadline.Token).WaitAsync(deadline.Token);
            return HealthCheckResult.Healthy();
        }
        catch (ProblemException failure)
        {
            return HealthCheckResult.Unhealthy(failure.Problem.Detail, failure);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy("The storage does not answer.");
        }
    }
}
