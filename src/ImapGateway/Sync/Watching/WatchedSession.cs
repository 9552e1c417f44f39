using System.Globalization;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Sync.Watching;

/// <summary>The watcher's own connection. Nobody else works on it, and nobody waits for it.</summary>
public sealed class WatchedSession : ISessionRunner, IAsyncDisposable
{
    private readonly ImapSession _session;
    private readonly WatchNews _news;
    private readonly TimeSpan _longestJob;
    private readonly OpeningNotes.Opening _opening;
    private readonly Dictionary<string, int> _jobs = [];
    private string? _wanted;

    /// <param name="opening">Each job is a step of it.</param>
    /// <param name="longestJob">What one look may take altogether.</param>
    public WatchedSession(ImapSession session, WatchNews news, OpeningNotes.Opening opening, TimeSpan longestJob)
    {
        (_session, _news, _opening, _longestJob) = (session, news, opening, longestJob);
        session.Opened = OnOpened;
        session.Listen(news.HearOf, news.HearOfTree, news.HearOfOverflow);
    }

    public MailKit.Net.Imap.ImapCapabilities Capabilities => _session.Capabilities;

    /// <summary>There are namespaces of other users or of all (RFC 2342): others decide which mailboxes the account can see there.</summary>
    public bool HasForeignNamespaces => _session.Client.OtherNamespaces.Count > 0 || _session.Client.SharedNamespaces.Count > 0;

    /// <inheritdoc cref="ImapSession.IsOutdated"/>
    public bool IsOutdated => _session.IsOutdated;

    /// <inheritdoc cref="ImapSession.Avoids"/>
    public bool Avoids(MailKit.Net.Imap.ImapCapabilities extension) => _session.Avoids(extension);

    /// <inheritdoc cref="ImapSession.KeepsShares"/>
    public bool KeepsShares => _session.KeepsShares;

    public string? SelectedPath => _session.SelectedPath;

    public bool IsUsable => _session.IsUsable;

    /// <summary>Since the last octet from the server.</summary>
    public TimeSpan Silence => _session.Silence;

    /// <summary>Nothing was asked of the server since the watcher began to wait, or it has not answered: an end of the connection has nothing to do with what was asked.</summary>
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

    /// <summary>The number of the job among those in the mailbox: it does not depend on the order of mailboxes.</summary>
    private string StepOf(string mailbox) => string.Create(CultureInfo.InvariantCulture, $"{_jobs[mailbox] = _jobs.GetValueOrDefault(mailbox) + 1} {Uri.EscapeDataString(mailbox)}");

    /// <summary>Only a look reads what a mailbox has become; one that is selected to see which it is keeps its news.</summary>
    private void OnOpened(string path)
    {
        if (path == _wanted)
        {
            _news.Forget(path);
        }
    }

    /// <summary>Without IDLE, until something is heard or it has lasted long enough.</summary>
    public Task WaitAsync(TimeSpan longest, CancellationToken stop)
    {
        IsAtRest = true;
        return _news.WaitAsync(longest, stop);
    }

    /// <summary>In IDLE, with the mailbox that is selected, until something is heard or it has lasted long enough.</summary>
    /// <param name="answer">How long the server may take to end it.</param>
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
