using System.Buffers;
using System.Text;
using System.Text.Json;
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
        var graph = app.MapGroup(Path).RequireKey();
        graph.MapPost("", PostAsync).Requires(Scopes.Any).ExcludeFromDescription();
        graph.MapGet("", GetAsync).Requires(Scopes.Any).ExcludeFromDescription();
    }

    private static async Task PostAsync(HttpContext context, GraphExecutor executor, KnownAnswers known, Caller caller)
    {
        var mediaType = Accepted.Of(context.Request.Headers.Accept);
        var body = await RequestReader.BodyAsync(context.Request, executor.Limits.MaxBodyBytes, context.RequestAborted);
        await AnswerAsync(context, mediaType, executor, known.Find(context.Request, caller, Encoding.UTF8.GetString(body.Span)), caller, () => RequestReader.Posted(body));
    }

    private static Task GetAsync(HttpContext context, GraphExecutor executor, KnownAnswers known, Caller caller, string? query, string? operationName, string? variables, string? extensions) =>
        AnswerAsync(context, Accepted.Of(context.Request.Headers.Accept), executor, known.Find(context.Request, caller, context.Request.QueryString.Value ?? ""), caller, () => RequestReader.Asked(context.Request));

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
            // Before there was a media type of its own, 200 said that the server had understood (GraphQL over HTTP, "application/json").
            await RefuseAsync(context, mediaType, errors, mediaType == Accepted.Response ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK);
            return;
        }
        if (operation.Kind == OperationType.Subscription)
        {
            await RefuseAsync(context, mediaType, [GraphError.Of(ErrorCode.BadRequest, "Subscriptions are not answered here.")], StatusCodes.Status400BadRequest);
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
        using (var json = new Utf8JsonWriter(answer, GraphExecutor.Writing))
        {
            json.WriteStartObject();
            json.WriteStartArray("errors");
            foreach (var error in errors)
            {
                error.Write(json, ProblemWriter.TraceId(context));
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
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
