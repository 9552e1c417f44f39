using System.Globalization;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync.Watching;

/// <summary>The watcher's own connection. No other code works on it or waits for it.</summary>
public sealed class WatchedSession : ISessionRunner, IAsyncDisposable
{
    private readonly ImapSession _session;
    private readonly WatchNews _news;
    private readonly TimeSpan _longestJob;
    private readonly OpeningNotes.Opening _opening;
    private readonly Dictionary<string, int> _jobs = [];
    private string? _wanted;

    /// <param name="opening">The notes in which each job is a step.</param>
    /// <param name="longestJob">The longest time for one whole refresh.</param>
    public WatchedSession(ImapSession session, WatchNews news, OpeningNotes.Opening opening, TimeSpan longestJob)
    {
        (_session, _news, _opening, _longestJob) = (session, news, opening, longestJob);
        session.Opened = OnOpened;
        session.Listen(news.HearOf, news.HearOfTree, news.HearOfOverflow);
    }

    public MailKit.Net.Imap.ImapCapabilities Capabilities => _session.Capabilities;

    /// <summary>True if there are namespaces of other users or shared ones (RFC 2342): others decide which mailboxes the account can see there.</summary>
    public bool HasForeignNamespaces => _session.Client.OtherNamespaces.Count > 0 || _session.Client.SharedNamespaces.Count > 0;

    /// <inheritdoc cref="ImapSession.IsOutdated"/>
    public bool IsOutdated => _session.IsOutdated;

    /// <inheritdoc cref="ImapSession.Avoids"/>
    public bool Avoids(MailKit.Net.Imap.ImapCapabilities extension) => _session.Avoids(extension);

    /// <inheritdoc cref="ImapSession.KeepsShares"/>
    public bool KeepsShares => _session.KeepsShares;

    public string? SelectedPath => _session.SelectedPath;

    public bool IsUsable => _session.IsUsable;

    /// <summary>The time since the last octet from the server.</summary>
    public TimeSpan Silence => _session.Silence;

    /// <summary>True if no command was sent since the watcher began to wait, or none was answered: an end of the connection then has nothing to do with a command.</summary>
    public bool IsAtRest { get; private set; }

    public async Task<T> RunAsync<T>(string? mailbox, bool repeatable, Func<ImapSession, Task<T>> job, CancellationToken cancel)
    {
        using var limit = _session.Begin(_longestJob);
        _wanted = mailbox;
        if (_opening.IsOpening)
        {
            _opening.At(StepOf(mailbox ?? ""));
        }
        try
        {
            var result = await job(_session);
            IsAtRest = false;
            return result;
        }
        catch (Exception e) when (e is not ProblemException)
        {
            throw _session.Explain(e);
        }
        finally
        {
            _wanted = null;
            _opening.Passed();
        }
    }

    /// <summary>Returns the number of the job among those in the mailbox. It does not depend on the order of mailboxes.</summary>
    private string StepOf(string mailbox) => string.Create(CultureInfo.InvariantCulture, $"{_jobs[mailbox] = _jobs.GetValueOrDefault(mailbox) + 1} {Uri.EscapeDataString(mailbox)}");

    /// <summary>Removes the reports of an opened mailbox, if it was opened for a refresh. A mailbox that is selected only to identify it keeps its reports.</summary>
    private void OnOpened(string path)
    {
        if (path == _wanted)
        {
            _news.Forget(path);
        }
    }

    /// <summary>Waits without IDLE until there is a report or the time is over.</summary>
    public Task WaitAsync(TimeSpan longest, CancellationToken stop)
    {
        IsAtRest = true;
        return _news.WaitAsync(longest, stop);
    }

    /// <summary>Waits in IDLE, with the mailbox that is selected, until there is a report or the time is over.</summary>
    /// <param name="answer">The time within which the server must end IDLE.</param>
    public async Task IdleAsync(TimeSpan longest, TimeSpan answer, CancellationToken stop)
    {
        IsAtRest = true;
        using var done = new CancellationTokenSource();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var idle = _session.IdleAsync(answer, done.Token);
        try
        {
            await Task.WhenAny(idle, _news.WaitAsync(longest, over.Token));
        }
        finally
        {
            await over.CancelAsync();
            await done.CancelAsync();
        }
        try
        {
            await idle;
        }
        catch (Exception e) when (e is not ProblemException)
        {
            throw _session.Explain(e);
        }
    }

    public void Abort() => _session.Abort();

    public ValueTask DisposeAsync() => _session.DisposeAsync();
}
