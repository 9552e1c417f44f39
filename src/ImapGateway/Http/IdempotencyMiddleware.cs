using System.Text;
using ImapGateway.Access;
using ImapGateway.Mail;

namespace ImapGateway.Http;

/// <summary>
/// Executes routes marked <see cref="IdempotencyKey.Idempotent"/> once per key, credential and path (which contains the account). The response is kept if the
/// operation itself has made it: a success, or a refusal that would come again. A request that was refused before the operation ran (400, 413, 415), or for a reason that
/// depends on the moment (424, 429, 5xx), frees the key. An operation that has begun is completed although its client leaves, since that client is the one that will ask again.
/// </summary>
public sealed partial class IdempotencyMiddleware(RequestDelegate next, IdempotencyStore store, ILogger<IdempotencyMiddleware> log)
{
    public const string ReplayedHeader = "Idempotency-Replayed";

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<IdempotentRoute>() is null || IdempotencyKey.Of(context.Request.Headers[IdempotencyKey.Header]) is not { } key)
        {
            await next(context);
            return;
        }
        var id = IdempotencyStore.IdOf(context.Features.Get<Caller>()?.KeyId ?? "", context.Request.Method, context.Request.Path, key);
        var payload = await ReadPayloadAsync(context);
        if (await store.ClaimAsync(id, payload, context.RequestAborted) is { } stored)
        {
            context.Response.Headers[ReplayedHeader] = "true";
            await stored.WriteAsync(context);
            return;
        }
        await ActAsync(context, id);
    }

    private async Task ActAsync(HttpContext context, string id)
    {
        var client = context.Response.Body;
        var aborted = context.RequestAborted;
        using var body = new MemoryStream();
        context.Response.Body = body;
        context.RequestAborted = CancellationToken.None;
        StoredAnswer? answer = null;
        try
        {
            await RunAsync(context);
            answer = IsFinal(context.Response.StatusCode) ? StoredAnswer.Of(context.Response, body) : null;
        }
        finally
        {
            context.Response.Body = client;
            context.RequestAborted = aborted;
            await FinishAsync(id, answer);
        }
        body.Position = 0;
        await body.CopyToAsync(client, aborted);
    }

    /// <summary>Runs the operation. Refusals become responses here already, so that they can be kept.</summary>
    private async Task RunAsync(HttpContext context)
    {
        try
        {
            await next(context);
            await context.Response.BodyWriter.FlushAsync();
        }
        catch (ProblemException refusal)
        {
            context.Response.Clear();
            await ProblemWriter.WriteAsync(context, refusal.Problem);
        }
    }

    /// <summary>Stores the response. The operation is done: a failure to store its response must not turn it into an error.</summary>
    private async Task FinishAsync(string id, StoredAnswer? answer)
    {
        try
        {
            await (answer is null ? store.ReleaseAsync(id) : store.SettleAsync(id, answer));
        }
        catch (Exception failure)
        {
            LogNotKept(failure is ProblemException ? null : failure, failure.Message);
        }
    }

    private static bool IsFinal(int status) => status is < 500 and not (400 or 413 or 415 or 424 or 429);

    /// <summary>Reads query and body; the body stays readable for the handler. The limit of the route applies: the server refuses a larger body while it is read.</summary>
    private static async Task<byte[]> ReadPayloadAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        body.Position = 0;
        context.Request.Body = body;
        return [.. Encoding.UTF8.GetBytes(context.Request.QueryString.Value ?? ""), 0, .. body.ToArray()];
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An answer could not be kept for its Idempotency-Key: {Reason}")]
    private partial void LogNotKept(Exception? failure, string reason);
}
