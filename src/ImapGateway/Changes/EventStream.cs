using System.Reflection;
using System.Text.Json;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.OpenApi;
using Microsoft.AspNetCore.Http.Metadata;

namespace ImapGateway.Changes;

/// <summary>
/// Sends a feed as server-sent events, as long as the reader stays and its key has the right. Each reader reads from the log at its own pace and keeps a few changes at a
/// time, so that a slow one costs no memory and delays no other. A reader that accepts nothing at all is disconnected, and may come back with its last id.
/// </summary>
/// <param name="reader">The reader whose rights are checked before every page and every heartbeat.</param>
/// <param name="after">The position to start from, unless the client has come back.</param>
public sealed class EventStream(FeedReader reader, string after, IHostApplicationLifetime lifetime, TimeProvider time) : IResult, IEndpointMetadataProvider
{
    /// <summary>The event that is sent instead of changes that are no longer kept.</summary>
    private const string Reset = "reset";

    private const int Batch = 100;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = StrictJson.Encoder };

    /// <param name="Code">The code of the error that the answer would have been.</param>
    /// <param name="Detail">A text: what cannot be continued, and how to recover.</param>
    /// <param name="FeedPosition">The position at which the stream continues.</param>
    private sealed record ResetData(string Code, string Detail, string FeedPosition);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await RunAsync(httpContext, stop.Token);
        }
        catch (OperationCanceledException) when (!httpContext.RequestAborted.IsCancellationRequested && lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // The gateway stops: the answer ends here, and the client comes back with its last id.
        }
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(string), [EventWriter.ContentType]));
        builder.Metadata.Add(new EventStreamAnswer());
    }

    private async Task RunAsync(HttpContext context, CancellationToken cancel)
    {
        var (place, lost) = await StartAsync(EventWriter.LastId(context.Request) ?? after, cancel);
        using var writer = new EventWriter(context, time);
        var position = reader.Feed.Format(place);
        await (lost is null
            ? writer.WriteCommentAsync(position, cancel)
            : writer.WriteAsync(position, Reset, JsonSerializer.SerializeToUtf8Bytes(new ResetData("gone", lost, position), Json), cancel));
        var quietSince = time.GetTimestamp();
        while (true)
        {
            FeedPage page;
            try
            {
                page = await reader.NextAsync(place, Batch, cancel);
            }
            catch (ProblemException refused) when (refused.Code is ErrorCode.Unauthorized or ErrorCode.Forbidden or ErrorCode.NotFound)
            {
                return;
            }
            foreach (var change in page.Items)
            {
                await writer.WriteAsync(reader.Feed.Format(reader.Feed.PlaceOf(change)), ChangeTypes.Name(change.Type), change.ToJson(page.View), cancel);
                quietSince = time.GetTimestamp();
                if (reader.Feed.EndsWith(change))
                {
                    return;
                }
            }
            place = page.Next;
            var left = EventWriter.Heartbeat - time.GetElapsedTime(quietSince);
            if (left > TimeSpan.Zero && (page.More || await NewsAsync(place, left, cancel)))
            {
                continue;
            }
            await writer.WriteCommentAsync(reader.Feed.Format(place), cancel);
            quietSince = time.GetTimestamp();
        }
    }

    /// <summary>Returns the start position. If it cannot be continued, the stream begins at the end and reports this as an event, because an EventSource never shows the body of a 410.</summary>
    private async Task<(GlobalPosition Place, string? Lost)> StartAsync(string from, CancellationToken cancel)
    {
        try
        {
            return (await reader.Feed.FindAsync(from, cancel), null);
        }
        catch (ProblemException gone) when (gone.Code == ErrorCode.Gone)
        {
            return (await reader.Feed.FindAsync("latest", cancel), gone.Problem.Detail);
        }
    }

    private async Task<bool> NewsAsync(GlobalPosition place, TimeSpan most, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(most, time);
        using var until = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        var news = await reader.WaitAsync(place, until.Token);
        cancel.ThrowIfCancellationRequested();
        return news;
    }
}
