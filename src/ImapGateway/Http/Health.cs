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
    /// <c>/health/live</c>: the process answers. <c>/health/ready</c>: so do its health checks; 503 where one does not. Background loops that fail are listed there; they are tried
    /// again, and do not make the gateway unready. No key, and a body that tells no more than that.
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

    /// <param name="Status">healthy or unhealthy.</param>
    /// <param name="FailingLoops">Absent where none fails.</param>
    private sealed record HealthBody(string Status, ImmutableArray<LoopFailure>? FailingLoops);

    /// <param name="Loop">What the loop does.</param>
    /// <param name="Reason">An error code, or the type of an exception.</param>
    /// <param name="Since">When it began to fail.</param>
    private sealed record LoopFailure(string Loop, string Reason, DateTimeOffset Since)
    {
        public static LoopFailure Of(FailingLoop loop) => new(loop.Name, loop.Kind, loop.Since);
    }
}
