using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImapGateway.Background;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ImapGateway.Http;

public static class Health
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>
    /// Maps <c>/health/live</c> (the process answers) and <c>/health/ready</c> (its health checks pass; 503 if one does not). Background loops that fail are listed there; they are
    /// repeated, and do not make the gateway unready. No key is needed, and the body shows no more than that.
    /// </summary>
    public static void MapHealth(this WebApplication app)
    {
        var loops = app.Services.GetRequiredService<Loops>();
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = (context, report) => WriteAsync(context, report, []) });
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { ResponseWriter = (context, report) => WriteAsync(context, report, loops.Failing) });
    }

    private static Task WriteAsync(HttpContext context, HealthReport report, IReadOnlyList<FailingLoop> failing)
    {
        context.Response.ContentType = "application/json";
        var body = new HealthBody(report.Status == HealthStatus.Unhealthy ? "unhealthy" : "healthy", failing.Count == 0 ? null : [.. failing.Select(LoopFailure.Of)]);
        return context.Response.WriteAsync(JsonSerializer.Serialize(body, Json), context.RequestAborted);
    }

    /// <param name="Status">The state: healthy or unhealthy.</param>
    /// <param name="FailingLoops">The background loops that fail; absent if none does.</param>
    private sealed record HealthBody(string Status, ImmutableArray<LoopFailure>? FailingLoops);

    /// <param name="Loop">The name of the loop: the work that it does.</param>
    /// <param name="Reason">An error code, or the type of an exception.</param>
    /// <param name="Since">The time of the first failure.</param>
    private sealed record LoopFailure(string Loop, string Reason, DateTimeOffset Since)
    {
        public static LoopFailure Of(FailingLoop loop) => new(loop.Name, loop.Kind, loop.Since);
    }
}
