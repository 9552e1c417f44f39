using ImapGateway.Accounts;
using ImapGateway.Mail;

namespace ImapGateway.Messages.Sections;

/// <summary>Reads the octets of a section from the account's grain and sends them to a client.</summary>
public sealed class SectionReader : IAsyncDisposable
{
    /// <summary>The number of pieces of 64 KB that one call of the grain returns.</summary>
    private const int PiecesAtOnce = 2;

    private readonly IAsyncEnumerator<byte[]> _pieces;
    private bool _more;

    public SectionReader(IAccountGrain account, SectionRef section, long offset, long? count, CancellationToken cancel)
    {
        _pieces = account.Stream(new ReadSection(section, offset, count), cancel).WithBatchSize(PiecesAtOnce).GetAsyncEnumerator(cancel);
    }

    /// <summary>The number of octets so far.</summary>
    public long Received { get; private set; }

    /// <summary>Waits for the first octets, or until it is certain that there are none. A later failure can only cut off the response.</summary>
    public Task StartAsync() => NextAsync();

    /// <summary>Sends all pieces, each as soon as it arrives. A client that reads nothing of a piece for too long is disconnected; as long as data moves there is no limit.</summary>
    public async Task SendAsync(HttpContext context, TimeProvider time)
    {
        using var pause = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var aborting = pause.Token.UnsafeRegister(static state => ((HttpContext)state!).Abort(), context);
        await context.Response.StartAsync(context.RequestAborted);
        while (_more)
        {
            pause.CancelAfter(IAccountGrain.LongestPause);
            await context.Response.Body.WriteAsync(_pieces.Current, context.RequestAborted);
            pause.CancelAfter(Timeout.InfiniteTimeSpan);
            await NextAsync();
        }
    }

    /// <summary>Reads a small piece as a whole; it is shorter if the section ends before.</summary>
    public static async Task<byte[]> ReadAsync(IAccountGrain account, SectionRef section, long offset, int count, CancellationToken cancel)
    {
        using var octets = new MemoryStream();
        await using var reader = new SectionReader(account, section, offset, count, cancel);
        await reader.StartAsync();
        while (reader._more)
        {
            octets.Write(reader._pieces.Current);
            await reader.NextAsync();
        }
        return octets.ToArray();
    }

    private async Task NextAsync()
    {
        try
        {
            _more = await _pieces.MoveNextAsync();
        }
        catch (EnumerationAbortedException e)
        {
            throw new ProblemException(new Problem(ErrorCode.Unavailable, "The account's owner has gone in the middle of the download.", RetryAfter: TimeSpan.FromSeconds(1)), e);
        }
        Received += _more ? _pieces.Current.Length : 0;
    }

    public ValueTask DisposeAsync() => _pieces.DisposeAsync();
}
