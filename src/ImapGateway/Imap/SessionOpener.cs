using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>What the owner of an account wants to know about its logins.</summary>
public interface ILoginObserver
{
    /// <param name="remaining">What is wrong with the server all the same: it has sent too much not long ago. Null: nothing.</param>
    Task LoggedInAsync(ImmutableArray<string> capabilities, Problem? remaining);

    Task LoginFailedAsync(Problem problem);

    /// <summary>The server allows fewer connections than the budget.</summary>
    Task BudgetShrunkAsync(int sessions, Problem problem);

    /// <summary>It allows more again.</summary>
    Task BudgetGrownAsync();
}

/// <summary>
/// Logs in for a pool, one login at a time, with backoff after failures: while it lasts, callers get the last problem at once instead of hammering the server.
/// Credentials that were refused by name are not tried again until they change.
/// </summary>
/// <param name="refused">Why the server refused these credentials already, perhaps before the gateway was started; or why the account must not be opened for a while.</param>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A SemaphoreSlim holds nothing unless its wait handle is asked for.")]
public sealed class SessionOpener(
    ServerConnection connection, MailServer server, Credential credential, TimeSpan timeout, ILoginObserver observer, TimeProvider time, Problem? refused = null)
{
    /// <summary>One wrong password must count once towards a lock-out, however many requests wait; and some servers dislike parallel logins.</summary>
    private readonly SemaphoreSlim _turn = new(1, 1);
    private int _failures;
    private int _vagueRefusals;
    private int _floods;
    private DateTimeOffset _lastFlood = DateTimeOffset.MinValue;
    private Problem? _flood;
    private Problem? _lastProblem = refused;
    private DateTimeOffset _notBefore = refused is { Code: ErrorCode.AccountSuspected, RetryAfter: { } after } ? time.GetUtcNow() + after : DateTimeOffset.MaxValue;

    /// <summary>How long the server may be silent.</summary>
    public TimeSpan Timeout => timeout;

    public ILoginObserver Observer => observer;

    /// <summary>What the server is known to refuse; all sessions share it.</summary>
    public Quirks Quirks { get; init; } = new(time, []);

    /// <summary>The server has accepted these credentials, and has not refused them since: a refusal without a reason may be an error of the server.</summary>
    public bool HaveWorked { get; set; }

    /// <summary>How long a login would be refused here without asking the server; infinite where the credentials have to change first.</summary>
    public TimeSpan RetryIn => _lastProblem is null ? TimeSpan.Zero
        : _notBefore == DateTimeOffset.MaxValue ? System.Threading.Timeout.InfiniteTimeSpan
        : _notBefore - time.GetUtcNow() is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    /// <param name="connected">Called when the server can be reached, before it has said anything.</param>
    /// <exception cref="ProblemException">Why there is no session: what the server said now, or a moment ago.</exception>
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
                // Another session has been flooded meanwhile: a login that works says nothing about that.
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

    /// <summary>A session has ended because the server sent more than it was asked for: the next one is made after a pause, which grows from time to time.</summary>
    public async Task FloodedAsync(Problem problem)
    {
        var now = time.GetUtcNow();
        (_floods, _lastFlood) = (now - _lastFlood > Backoff.CalmAfterFlood ? 1 : _floods + 1, now);
        _flood = problem;
        (_lastProblem, _notBefore) = (problem, now + Backoff.AfterFlood(_floods, Random.Shared.NextDouble()));
        await observer.LoginFailedAsync(problem);
    }

    /// <summary>The last problem is no reason to wait: there are other sessions to go on with.</summary>
    public void Forgive() => _lastProblem = null;

    /// <summary>Why no login is tried with these credentials; null where one may be.</summary>
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
            // A server, or a proxy before it, whose directory of users is away for a moment says the same as of a wrong password.
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

    /// <param name="wait">Null: there is no next login with these credentials.</param>
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

/// <summary>When to try again what has failed at the mail server.</summary>
public static partial class Backoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstAfterRefusal = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestAfterRefusal = TimeSpan.FromHours(1);
    private static readonly TimeSpan FirstAfterFlood = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestAfterFlood = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan FirstAfterUnreadable = TimeSpan.FromSeconds(10);

    /// <param name="problem">Of the last failure. What the server asks for is obeyed; a refusal without a reason is hardly ever tried again, for it may lock the account.</param>
    /// <param name="failures">In a row, at least 1.</param>
    /// <param name="jitter">0 to 1; spreads the next try over the upper half of the span.</param>
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

    /// <summary>Refusals without a reason, in a row, before credentials that were accepted before count as refused: all within a minute.</summary>
    public const int MostVague = 3;

    /// <summary>The server refuses the login, and neither a response code nor its words say that the credentials are wrong.</summary>
    public static bool IsVague(Problem problem) =>
        problem is { Code: ErrorCode.AccountAuthFailed, Upstream.Code: null } && !OfCredentials().IsMatch(problem.Upstream.Text ?? "");

    /// <param name="refusals">Without a reason, in a row, at least 1.</param>
    /// <param name="jitter">0 to 1; spreads the next try over the upper half of the span.</param>
    public static TimeSpan AfterVague(int refusals, double jitter) => TimeSpan.FromSeconds(5 * Math.Pow(2, refusals - 1) * (0.5 + jitter / 2));

    /// <summary>A server that has not sent too much for so long is as good as any other.</summary>
    public static TimeSpan CalmAfterFlood => TimeSpan.FromHours(1);

    /// <param name="floods">Of this server, at least 1.</param>
    /// <param name="jitter">0 to 1; spreads the next try over the upper half of the span.</param>
    public static TimeSpan AfterFlood(int floods, double jitter) =>
        TimeSpan.FromSeconds(Math.Min(LongestAfterFlood.TotalSeconds, FirstAfterFlood.TotalSeconds * Math.Pow(2, Math.Min(floods - 1, 16))) * (0.5 + jitter / 2));

    /// <param name="times">That a message could not be read, at least 1.</param>
    /// <param name="jitter">0 to 1; spreads the next try over the upper half of the span.</param>
    public static TimeSpan AfterUnreadable(int times, double jitter) =>
        TimeSpan.FromSeconds(Math.Min(LongestAfterRefusal.TotalSeconds, FirstAfterUnreadable.TotalSeconds * Math.Pow(2, Math.Min(times - 1, 16))) * (0.5 + jitter / 2));

    /// <summary>Only new credentials can help: there are none, or the server named them as the reason, and trying them again can only lock the account.</summary>
    public static bool IsFinal(Problem problem) =>
        problem.Code == ErrorCode.AccountCredentialUnreadable
        || (problem.Code == ErrorCode.AccountAuthFailed && (problem.Upstream?.Code is "AUTHENTICATIONFAILED" or "EXPIRED" or "AUTHORIZATIONFAILED" || ImapFailure.SpeaksOfCredentials(problem.Upstream?.Text ?? "")));

    [GeneratedRegex(@"passw|credential|user ?name|invalid|incorrect|wrong|bad login|unknown user|no such user|disabled|suspended|expired|blocked|locked|denied|not (allowed|permitted|authori[sz]ed|enabled)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OfCredentials();

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
