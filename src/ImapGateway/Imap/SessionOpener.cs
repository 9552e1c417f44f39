using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>Receives the results of logins on behalf of the owner of an account.</summary>
public interface ILoginObserver
{
    /// <param name="remaining">The problem that the server still has: it has sent too much not long ago. Null if there is none.</param>
    Task LoggedInAsync(ImmutableArray<string> capabilities, Problem? remaining);

    Task LoginFailedAsync(Problem problem);

    /// <summary>Called when the server allows fewer connections than the budget.</summary>
    Task BudgetShrunkAsync(int sessions, Problem problem);

    /// <summary>Called when the server allows more connections again.</summary>
    Task BudgetGrownAsync();
}

/// <summary>
/// Logs in for a pool, one login at a time, with backoff after failures. During the backoff, callers get the last problem at once and no login is sent to the server. Credentials that were refused
/// by name are not tried again until they change.
/// </summary>
/// <param name="refused">The reason why the server refused these credentials already, perhaps before the gateway was started; or why the account must not be opened for a while.</param>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A SemaphoreSlim holds nothing unless its wait handle is asked for.")]
public sealed class SessionOpener(
    ServerConnection connection, MailServer server, Credential credential, TimeSpan timeout, ILoginObserver observer, TimeProvider time, Problem? refused = null)
{
    /// <summary>The lock for logins. One wrong password must count once towards a lock-out, however many requests wait; and some servers dislike parallel logins.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);
    private int _failures;
    private int _vagueRefusals;
    private int _floods;
    private DateTimeOffset _lastFlood = DateTimeOffset.MinValue;
    private Problem? _flood;
    private Problem? _lastProblem = refused;
    private DateTimeOffset _notBefore = refused is { Code: ErrorCode.AccountSuspected, RetryAfter: { } after } ? time.GetUtcNow() + after : DateTimeOffset.MaxValue;

    /// <summary>The longest time that the server may be silent.</summary>
    public TimeSpan Timeout => timeout;

    public ILoginObserver Observer => observer;

    /// <summary>The extensions that the server is known to refuse; all sessions share them.</summary>
    public Quirks Quirks { get; init; } = new(time, []);

    /// <summary>True if the server has accepted these credentials, and has not refused them since. A refusal without a reason may then be an error of the server.</summary>
    public bool HaveWorked { get; set; }

    /// <summary>The time for which a login is refused here without asking the server; infinite if the credentials have to change first.</summary>
    public TimeSpan RetryIn => _lastProblem is null ? TimeSpan.Zero
        : _notBefore == DateTimeOffset.MaxValue ? System.Threading.Timeout.InfiniteTimeSpan
        : _notBefore - time.GetUtcNow() is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    /// <param name="connected">Called when the server can be reached, before it has sent anything.</param>
    /// <exception cref="ProblemException">The reason why there is no session: the server's response now, or a moment ago.</exception>
    public async Task<ImapSession> OpenAsync(Action? connected = null)
    {
        ImapSession session;
        await _turn.WaitAsync();
        try
        {
            ThrowWhileBackingOff();
            var floods = _floods;
            session = await LogInAsync(connected);
            if (floods != _floods && time.GetUtcNow() < _notBefore)
            {
                // Another session has been flooded meanwhile: a successful login proves nothing about that.
                await session.DisposeAsync();
                ThrowWhileBackingOff();
            }
            (_failures, _vagueRefusals, _lastProblem, HaveWorked) = (0, 0, null, true);
        }
        finally
        {
            _turn.Release();
        }
        var remaining = time.GetUtcNow() - _lastFlood > Backoff.CalmAfterFlood ? null : _flood;
        await observer.LoggedInAsync(CapabilityNames.Of(session.Capabilities), remaining);
        return session;
    }

    /// <summary>Records that a session has ended because the server sent more than was requested. The next one is opened after a pause, which grows with each time.</summary>
    public async Task FloodedAsync(Problem problem)
    {
        var now = time.GetUtcNow();
        (_floods, _lastFlood) = (now - _lastFlood > Backoff.CalmAfterFlood ? 1 : _floods + 1, now);
        _flood = problem;
        (_lastProblem, _notBefore) = (problem, now + Backoff.AfterFlood(_floods, Random.Shared.NextDouble()));
        await observer.LoginFailedAsync(problem);
    }

    /// <summary>Cancels the wait after the last problem, because there are other sessions to go on with.</summary>
    public void Forgive() => _lastProblem = null;

    /// <summary>The reason why no login is tried with these credentials; null if one may be tried.</summary>
    public Problem? Refused => _lastProblem is { } problem && Backoff.IsFinal(problem) ? problem : null;

    private void ThrowWhileBackingOff()
    {
        var now = time.GetUtcNow();
        if (_lastProblem is { } problem && now < _notBefore)
        {
            throw new ProblemException(problem with { RetryAfter = _notBefore == DateTimeOffset.MaxValue ? problem.RetryAfter : _notBefore - now });
        }
    }

    private async Task<ImapSession> LogInAsync(Action? connected)
    {
        try
        {
            return await ImapSession.ConnectAsync(connection, server, credential, timeout, Quirks, CancellationToken.None, connected);
        }
        catch (ProblemException e) when (Backoff.IsVague(e.Problem) && HaveWorked && _vagueRefusals < Backoff.MostVague)
        {
            // A server, or a proxy before it, whose directory of users is briefly unavailable gives the same answer as for a wrong password.
            var problem = e.Problem with { Code = ErrorCode.AccountUnavailable, Detail = "The mail server has refused credentials that it accepted before, without a reason. They are tried again." };
            var wait = Backoff.AfterVague(++_vagueRefusals, Random.Shared.NextDouble());
            await FailedAsync(problem with { RetryAfter = wait }, wait);
            throw new ProblemException(_lastProblem!, e);
        }
        catch (ProblemException e)
        {
            HaveWorked &= e.Code != ErrorCode.AccountAuthFailed;
            await FailedAsync(e.Problem, Backoff.IsFinal(e.Problem) ? null : Backoff.After(e.Problem, ++_failures, Random.Shared.NextDouble()));
            throw;
        }
    }

    /// <param name="wait">The wait before the next login; null if there is none with these credentials.</param>
    private async Task FailedAsync(Problem problem, TimeSpan? wait)
    {
        (_lastProblem, _notBefore) = (problem, wait is { } span ? time.GetUtcNow() + span : DateTimeOffset.MaxValue);
        if (problem.Code != ErrorCode.AccountLimit)
        {
            // A limit may not concern the account as a whole: the pool knows.
            await observer.LoginFailedAsync(problem);
        }
    }
}

/// <summary>Computes when to retry after a failure at the mail server.</summary>
public static partial class Backoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstAfterRefusal = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestAfterRefusal = TimeSpan.FromHours(1);
    private static readonly TimeSpan FirstAfterFlood = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestAfterFlood = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan FirstAfterUnreadable = TimeSpan.FromSeconds(10);

    /// <param name="problem">
    /// The problem of the last failure. A retry time that the server requests is obeyed; a refusal without a reason is hardly ever retried, because it may lock the account.
    /// </param>
    /// <param name="failures">The number of failures in a row, at least 1.</param>
    /// <param name="jitter">A number from 0 to 1 that spreads the next attempt over the upper half of the span.</param>
    public static TimeSpan After(Problem problem, int failures, double jitter)
    {
        var (first, longest) = problem.Code switch
        {
            ErrorCode.AccountAuthFailed => (FirstAfterRefusal, LongestAfterRefusal),
            ErrorCode.AccountThrottled when problem.RetryAfter is { } asked => (asked * 2, Longer(asked * 2, LongestAfterRefusal)),
            _ => (First, Longest),
        };
        var span = Math.Min(longest.TotalSeconds, first.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 16)));
        return TimeSpan.FromSeconds(span * (0.5 + jitter / 2));
    }

    /// <summary>The maximum number of refusals without a reason, in a row, before credentials that were accepted before count as refused: all within a minute.</summary>
    public const int MostVague = 3;

    /// <summary>True if the server refuses the login, and neither a response code nor the response text says that the credentials are wrong.</summary>
    public static bool IsVague(Problem problem) =>
        problem is { Code: ErrorCode.AccountAuthFailed, Upstream.Code: null } && !OfCredentials().IsMatch(problem.Upstream.Text ?? "");

    /// <param name="refusals">The number of refusals without a reason, in a row, at least 1.</param>
    /// <param name="jitter">A number from 0 to 1 that spreads the next attempt over the upper half of the span.</param>
    public static TimeSpan AfterVague(int refusals, double jitter) => TimeSpan.FromSeconds(5 * Math.Pow(2, refusals - 1) * (0.5 + jitter / 2));

    /// <summary>The time after which a flood no longer counts, if the server has not sent too much since.</summary>
    public static TimeSpan CalmAfterFlood => TimeSpan.FromHours(1);

    /// <param name="floods">The number of floods of this server, at least 1.</param>
    /// <param name="jitter">A number from 0 to 1 that spreads the next attempt over the upper half of the span.</param>
    public static TimeSpan AfterFlood(int floods, double jitter) =>
        TimeSpan.FromSeconds(Math.Min(LongestAfterFlood.TotalSeconds, FirstAfterFlood.TotalSeconds * Math.Pow(2, Math.Min(floods - 1, 16))) * (0.5 + jitter / 2));

    /// <param name="times">The number of times that a message could not be read, at least 1.</param>
    /// <param name="jitter">A number from 0 to 1 that spreads the next attempt over the upper half of the span.</param>
    public static TimeSpan AfterUnreadable(int times, double jitter) =>
        TimeSpan.FromSeconds(Math.Min(LongestAfterRefusal.TotalSeconds, FirstAfterUnreadable.TotalSeconds * Math.Pow(2, Math.Min(times - 1, 16))) * (0.5 + jitter / 2));

    /// <summary>True if only new credentials can help: there are none, or the server named them as the reason, and trying them again can only lock the account.</summary>
    public static bool IsFinal(Problem problem) =>
        problem.Code == ErrorCode.AccountCredentialUnreadable
        || (problem.Code == ErrorCode.AccountAuthFailed && (problem.Upstream?.Code is "AUTHENTICATIONFAILED" or "EXPIRED" or "AUTHORIZATIONFAILED" || ImapFailure.SpeaksOfCredentials(problem.Upstream?.Text ?? "")));

    [GeneratedRegex(@"passw|credential|user ?name|invalid|incorrect|wrong|bad login|unknown user|no such user|disabled|suspended|expired|blocked|locked|denied|not (allowed|permitted|authori[sz]ed|enabled)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OfCredentials();

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
