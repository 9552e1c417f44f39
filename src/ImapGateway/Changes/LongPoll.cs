namespace ImapGateway.Changes;

/// <summary>Returns one page of a feed now, or as soon as there is a change.</summary>
public sealed class LongPoll(IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <param name="after">The position that the client has requested.</param>
    /// <param name="wait">The longest time to wait. It is less if the gateway stops or the client leaves.</param>
    public async Task<ChangePageResult> RunAsync(FeedReader reader, string after, int limit, TimeSpan wait, CancellationToken cancel)
    {
        var place = await reader.Feed.FindAsync(after, cancel);
        using var timeout = new CancellationTokenSource(wait, time);
        using var until = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token, lifetime.ApplicationStopping);
        while (true)
        {
            var page = await reader.NextAsync(place, limit, cancel);
            place = page.Next;
            if (page.Items.Count > 0 || (!page.More && !await reader.WaitAsync(place, until.Token)) || until.IsCancellationRequested)
            {
                cancel.ThrowIfCancellationRequested();
                return new ChangePageResult(page, reader.Feed.Format(place));
            }
        }
    }
}
