using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace ImapGateway.GraphQL.Transport;

/// <summary>Results as server-sent events (HTML standard, section 9.2.5). Every one is flushed, and waited for where the client takes them slowly.</summary>
/// <param name="stalled">Cancelled where the client has taken nothing for too long.</param>
public sealed class ResultWriter(PipeWriter output, CancellationTokenSource stalled)
{
    private static readonly TimeSpan LongestStall = TimeSpan.FromSeconds(30);

    /// <param name="answer">JSON of ours, which has no line breaks.</param>
    /// <param name="position">With which an EventSource comes back; null: it would begin anew.</param>
    public async Task NextAsync(ReadOnlyMemory<byte> answer, string? position, CancellationToken cancel)
    {
        if (position is not null)
        {
            output.Write("id: "u8);
            Encoding.ASCII.GetBytes(position, output);
            output.Write("\n"u8);
        }
        output.Write("event: next\ndata: "u8);
        output.Write(answer.Span);
        output.Write("\n\n"u8);
        await FlushAsync(cancel);
    }

    /// <summary>An EventSource tells its page of events with data alone.</summary>
    public async Task CompleteAsync(CancellationToken cancel)
    {
        output.Write("event: complete\ndata: \n\n"u8);
        await FlushAsync(cancel);
    }

    /// <summary>Shows that the connection lives.</summary>
    public async Task CommentAsync(CancellationToken cancel)
    {
        output.Write(":\n\n"u8);
        await FlushAsync(cancel);
    }

    private async ValueTask FlushAsync(CancellationToken cancel)
    {
        var flush = output.FlushAsync(cancel);
        if (!flush.IsCompleted)
        {
            stalled.CancelAfter(LongestStall);
        }
        await flush;
        stalled.CancelAfter(Timeout.InfiniteTimeSpan);
    }
}
