using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using ImapGateway.Http;

namespace ImapGateway.Changes;

/// <summary>Server-sent events (HTML standard, section 9.2.5). Every event is flushed, and waited for where the client takes them slowly.</summary>
/// <param name="stalled">Cancelled where the client has taken nothing for too long.</param>
public sealed class EventWriter(PipeWriter output, CancellationTokenSource stalled)
{
    public const string ContentType = "text/event-stream";

    /// <summary>Sent instead of the changes that are kept no longer.</summary>
    public const string Reset = "reset";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = StrictJson.Encoder };

    private sealed record ResetData(string Code, string Detail, string FeedPosition);

    public Task WriteAsync(LoggedChange change, ChangeView view, string position, CancellationToken cancel) =>
        WriteAsync(position, ChangeTypes.Name(change.Type), change.ToJson(view), cancel);

    /// <param name="lost">What cannot be continued, and how to recover.</param>
    /// <param name="position">Where the stream goes on.</param>
    public Task WriteResetAsync(string lost, string position, CancellationToken cancel) =>
        WriteAsync(position, Reset, JsonSerializer.SerializeToUtf8Bytes(new ResetData("gone", lost, position), Json), cancel);

    /// <summary>Shows that the connection lives. A browser remembers the id, though there is no event.</summary>
    public async Task WriteCommentAsync(string position, CancellationToken cancel)
    {
        output.Write(":\nid: "u8);
        WriteText(position);
        output.Write("\n\n"u8);
        await FlushAsync(cancel);
    }

    /// <summary>The data are one line: JSON of ours has no line breaks.</summary>
    private async Task WriteAsync(string position, string type, byte[] data, CancellationToken cancel)
    {
        output.Write("id: "u8);
        WriteText(position);
        output.Write("\nevent: "u8);
        WriteText(type);
        output.Write("\ndata: "u8);
        output.Write(data);
        output.Write("\n\n"u8);
        await FlushAsync(cancel);
    }

    private async ValueTask FlushAsync(CancellationToken cancel)
    {
        var flush = output.FlushAsync(cancel);
        if (!flush.IsCompleted)
        {
            stalled.CancelAfter(EventStream.LongestStall);
        }
        await flush;
        stalled.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    private void WriteText(string text) => Encoding.ASCII.GetBytes(text, output);
}
