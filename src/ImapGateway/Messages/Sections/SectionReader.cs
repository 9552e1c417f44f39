using ImapGateway.Accounts;
using ImapGateway.Mail;

namespace ImapGateway.Messages.Sections;

/// <summary>Octets of a section on their way from the account's owner to a client.</summary>
public sealed class SectionReader : IAsyncDisposable
{
    /// <summary>Pieces of 64 KB that cross the actor's border together.</summary>
    private const int PiecesAtOnce = 2;

    private readonly IAsyncEnumerator<byte[]> _pieces;
    private bool _more;

    public SectionReader(IAccountGrain account, SectionRef section, long offset, long? count, CancellationToken cancel)
    {
        _pieces = account.Stream(new ReadSection(section, offset, count), cancel).WithBatchSize(PiecesAtOnce).GetAsyncEnumerator(cancel);
    }

    /// <summary>Octets so far.</summary>
    public long Received { get; private set; }

    /// <summary>Until the first octets are there, or it is certain that there are none: what fails later can only cut off the answer.</summary>
    public Task StartAsync() => NextAsync();

    /// <summary>All that there is, each piece as soon as it is there. A client that takes nothing of a piece for too long is cut off; as long as something moves there is no limit.</summary>
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

    /// <summary>A small piece as a whole; shorter where the section ends before.</summary>
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
