using System.Buffers;
using System.Text;
using GraphQLParser.AST;
using ImapGateway.Access;
using ImapGateway.GraphQL.Execution;
using ImapGateway.GraphQL.Fields;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.GraphQL.Transport;

/// <summary>Serves GraphQL over HTTP. Nothing is compressed: secrets and text of other senders would be in one response.</summary>
public static class GraphQLApi
{
    public const string Path = "/graphql";

    public static void MapGraphQL(this IEndpointRouteBuilder app)
    {
        app.MapGraphiQL();
        var graph = app.MapStrictGroup(Path);
        graph.MapPost("", PostAsync).Requires(Scopes.Any).ExcludeFromDescription();
        // A WebSocket is opened by GET, over HTTP/2 by CONNECT (RFC 8441).
        graph.MapMethods("", [HttpMethods.Get, HttpMethods.Connect], GetAsync).Requires(Scopes.Any).TakesTicket().TakesKeyLater().ExcludeFromDescription();
    }

    private static async Task PostAsync(HttpContext context, GraphExecutor executor, EventDoor events, KnownAnswers known, Caller caller)
    {
        var mediaType = Accepted.Of(context.Request.Headers.Accept);
        var body = await RequestReader.BodyAsync(context.Request, executor.Limits.MaxBodyBytes, context.RequestAborted);
        if (mediaType == EventWriter.ContentType)
        {
            await StreamAsync(context, events, caller, () => RequestReader.Posted(body));
            return;
        }
        await AnswerAsync(context, mediaType, executor, known.Find(context.Request, caller, Encoding.UTF8.GetString(body.Span)), caller, () => RequestReader.Posted(body));
    }

    private static Task GetAsync(
        HttpContext context, GraphExecutor executor, SocketDoor sockets, EventDoor events, KnownAnswers known, Caller? caller, string? query, string? operationName, string? variables, string? extensions)
    {
        if (context.WebSockets.IsWebSocketRequest)
        {
            return sockets.AcceptAsync(context);
        }
        var mediaType = Accepted.Of(context.Request.Headers.Accept);
        return mediaType == EventWriter.ContentType
            ? StreamAsync(context, events, caller!, () => RequestReader.Asked(context.Request))
            : AnswerAsync(context, mediaType, executor, known.Find(context.Request, caller!, context.Request.QueryString.Value ?? ""), caller!, () => RequestReader.Asked(context.Request));
    }

    private static async Task StreamAsync(HttpContext context, EventDoor events, Caller caller, Func<GraphRequest> read)
    {
        GraphRequest request;
        try
        {
            request = read();
        }
        catch (ProblemException refusal) when (refusal.Code == ErrorCode.BadRequest)
        {
            await RefuseAsync(context, Accepted.Json, [new GraphError(refusal.Problem, [], null)], StatusCodes.Status400BadRequest);
            return;
        }
        await events.AnswerAsync(context, request, caller);
    }

    private static async Task AnswerAsync(HttpContext context, string mediaType, GraphExecutor executor, KnownAnswer known, Caller caller, Func<GraphRequest> read)
    {
        if (known.Json is { } before)
        {
            await WriteAsync(context, mediaType, before);
            return;
        }
        GraphRequest request;
        try
        {
            request = read();
        }
        catch (ProblemException refusal)
        {
            await RefuseAsync(context, mediaType, [new GraphError(refusal.Problem, [], null)], StatusCodes.Status400BadRequest);
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
            // Before GraphQL had a media type of its own, 200 said that the server had understood the request (GraphQL over HTTP, "application/json").
            await RefuseAsync(context, mediaType, errors, mediaType == Accepted.Response ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK);
            return;
        }
        if (operation.Kind == OperationType.Subscription)
        {
            await RefuseAsync(context, mediaType, [GraphError.Of(ErrorCode.BadRequest, $"A subscription goes on: accept {EventWriter.ContentType}, or open a WebSocket ({SocketDoor.Subprotocol}).")], StatusCodes.Status400BadRequest);
            return;
        }
        var answer = new ArrayBufferWriter<byte>(4096);
        await operation.RunAsync(answer);
        known.Keep(operation.HoldsAt, answer.WrittenSpan);
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
        response.ContentType = mediaType + "; charset=utf-8";
        response.ContentLength = answer.Length;
        response.Headers.CacheControl = "no-store";
        return response.Body.WriteAsync(answer, context.RequestAborted).AsTask();
    }
}
