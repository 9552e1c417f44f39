using System.Buffers;
using GraphQLParser.AST;
using ImapGateway.GraphQL.Execution;
using ImapGateway.Http;
using ImapGateway.Mail;

namespace ImapGateway.GraphQL.Transport;

/// <summary>GraphQL over HTTP. Nothing is compressed: secrets and what others have written would stand in one answer.</summary>
public static class GraphQLApi
{
    public const string Path = "/graphql";

    public static void MapGraphQL(this IEndpointRouteBuilder app)
    {
        app.MapGraphiQL();
        var graph = app.MapGroup(Path).RequireKey();
        graph.MapPost("", PostAsync).Requires(Scopes.Any).ExcludeFromDescription();
        // A WebSocket comes by GET, over HTTP/2 by CONNECT (RFC 8441).
        graph.MapMethods("", [HttpMethods.Get, HttpMethods.Connect], GetAsync).Requires(Scopes.Any).TakesTicket().TakesKeyLater().ExcludeFromDescription();
    }

    private static Task PostAsync(HttpContext context, GraphExecutor executor, EventDoor events, Caller caller) =>
        AnswerAsync(context, executor, events, caller, () => RequestReader.PostedAsync(context.Request, executor.Limits.MaxBodyBytes, context.RequestAborted));

    private static Task GetAsync(HttpContext context, GraphExecutor executor, SocketDoor sockets, EventDoor events, Caller? caller, string? query, string? operationName, string? variables, string? extensions) =>
        context.WebSockets.IsWebSocketRequest
            ? sockets.AcceptAsync(context)
            : AnswerAsync(context, executor, events, caller!, () => Task.FromResult(RequestReader.Asked(context.Request, executor.Limits.MaxBodyBytes)));

    private static async Task AnswerAsync(HttpContext context, GraphExecutor executor, EventDoor events, Caller caller, Func<Task<GraphRequest>> read)
    {
        var mediaType = Accepted.Of(context.Request.Headers.Accept);
        GraphRequest request;
        try
        {
            request = await read();
        }
        catch (ProblemException refusal) when (refusal.Code == ErrorCode.BadRequest)
        {
            await RefuseAsync(context, mediaType, [new GraphError(refusal.Problem, [], null)], StatusCodes.Status400BadRequest);
            return;
        }
        if (mediaType == Accepted.Events)
        {
            await events.AnswerAsync(context, request, caller);
            return;
        }
        var call = new CallContext(caller, context.RequestServices, Conditions.AsksAnew(context.Request) ? Freshness.Revalidated : Freshness.Known, context.RequestAborted) { TraceId = ProblemWriter.TraceId(context) };
        var (operation, errors) = await executor.PrepareAsync(request, call);
        if (operation is null)
        {
            if (errors[0].Problem.Code == ErrorCode.MethodNotAllowed)
            {
                context.Response.Headers.Allow = HttpMethods.Post;
                await RefuseAsync(context, mediaType, errors, StatusCodes.Status405MethodNotAllowed);
                return;
            }
            // Before there was a media type of its own, 200 said that the server had understood (GraphQL over HTTP, "application/json").
            await RefuseAsync(context, mediaType, errors, mediaType == Accepted.Response ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK);
            return;
        }
        if (operation.Kind == OperationType.Subscription)
        {
            await RefuseAsync(context, mediaType, [GraphError.Of(ErrorCode.BadRequest, $"A subscription goes on: accept {Accepted.Events}, or open a WebSocket ({SocketDoor.Subprotocol}).")], StatusCodes.Status400BadRequest);
            return;
        }
        var answer = new ArrayBufferWriter<byte>(4096);
        await operation.RunAsync(answer);
        await WriteAsync(context, mediaType, answer.WrittenMemory);
    }

    private static async Task RefuseAsync(HttpContext context, string mediaType, IReadOnlyList<GraphError> errors, int status)
    {
        var answer = new ArrayBufferWriter<byte>();
        GraphError.WriteAll(answer, errors, ProblemWriter.TraceId(context));
        context.Response.StatusCode = status;
        await WriteAsync(context, mediaType, answer.WrittenMemory);
    }

    private static Task WriteAsync(HttpContext context, string mediaType, ReadOnlyMemory<byte> answer)
    {
        var response = context.Response;
        response.ContentType = (mediaType == Accepted.Events ? Accepted.Json : mediaType) + "; charset=utf-8";
        response.ContentLength = answer.Length;
        response.Headers.CacheControl = "no-store";
        return response.Body.WriteAsync(answer, context.RequestAborted).AsTask();
    }
}
