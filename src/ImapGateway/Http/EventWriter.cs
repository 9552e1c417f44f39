using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace ImapGateway.Http;

/// <summary>
/// Writes a response of server-sent events (HTML standard, section 9.2.5). Every event is flushed, and the writer waits if the client reads slowly. A client that reads nothing at all loses
/// the connection, and may reconnect with its last id.
/// </summary>
public sealed class EventWriter : IDisposable
{
    public const string ContentType = "text/event-stream";

    /// <summary>The time without events after which a comment shows that the connection is alive.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    /// <summary>The time within which the client must read what was sent. Kestrel's minimum data rate does not help here: it counts what its buffers took at once in favour of the client.</summary>
    public static readonly TimeSpan LongestStall = TimeSpan.FromSeconds(30);

    private readonly PipeWriter _output;
    private readonly CancellationTokenSource _stalled;
    private readonly CancellationTokenRegistration _abort;

    /// <summary>Begins the response. The headers go with the first event or comment.</summary>
    public EventWriter(HttpContext context, TimeProvider time)
    {
        _output = context.Response.BodyWriter;
        _stalled = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _abort = _stalled.Token.UnsafeRegister(static state => ((HttpContext)state!).Abort(), context);
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.ContentType = ContentType;
        context.Response.Headers.CacheControl = "no-store";
        // Otherwise nginx buffers events until it has many.
        context.Response.Headers["X-Accel-Buffering"] = "no";
    }

    /// <summary>Returns the header Last-Event-ID. Clients send it when they reconnect, since they cannot change the address.</summary>
    public static string? LastId(HttpRequest request) => request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } last ? last : null;

    /// <param name="id">The id that an EventSource reconnects with; null: the id does not change.</param>
    /// <param name="data">The data, one line: the gateway's JSON has no line breaks.</param>
    public Task WriteAsync(string? id, string type, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        WriteId(id);
        _output.Write("event: "u8);
        Encoding.ASCII.GetBytes(type, _output);
        _output.Write("\ndata: "u8);
        _output.Write(data.Span);
        _output.Write("\n\n"u8);
        return FlushAsync(cancel);
    }

    /// <summary>Writes a comment, which shows that the connection is alive. A browser remembers the id although there is no event.</summary>
    public Task WriteCommentAsync(string? id, CancellationToken cancel)
    {
        _output.Write(":\n"u8);
        WriteId(id);
        _output.Write("\n"u8);
        return FlushAsync(cancel);
    }

    public void Dispose()
    {
        _abort.Dispose();
        _stalled.Dispose();
    }

    private void WriteId(string? id)
    {
        if (id is not null)
        {
            _output.Write("id: "u8);
            Encoding.ASCII.GetBytes(id, _output);
            _output.Write("\n"u8);
        }
    }

    private async Task FlushAsync(CancellationToken cancel)
    {
        var flush = _output.FlushAsync(cancel);
        if (!flush.IsCompleted)
        {
            _stalled.CancelAfter(LongestStall);
        }
        await flush;
        _stalled.CancelAfter(Timeout.InfiniteTimeSpan);
    }
}
