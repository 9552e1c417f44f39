using System.Collections.Immutable;
using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>What the owner of an account wants to know about its logins.</summary>
public interface ILoginObserver
{
    Task LoggedInAsync(ImmutableArray<string> capabilities);

    Task LoginFailedAsync(Problem problem);

    /// <summary>The server allows fewer connections than the budget.</summary>
    Task BudgetShrunkAsync(int sessions, Problem problem);
}

/// <summary>
/// Logs in for a pool, with backoff after failures: while it lasts, callers get the last problem at once instead of hammering the server.
/// Credentials that were refused by name are not tried again until they change.
/// </summary>
public sealed class SessionOpener(ServerConnection connection, MailServer server, Credential credential, ImapOptions options, ILoginObserver observer, TimeProvider time)
{
    private readonly Lock _lock = new();
    private int _failures;
    private Problem? _lastProblem;
    private DateTimeOffset _notBefore;

    public async Task<ImapSession> OpenAsync()
    {
        lock (_lock)
        {
            if (_lastProblem is { } problem && time.GetUtcNow() < _notBefore)
            {
                var wait = _notBefore == DateTimeOffset.MaxValue ? problem.RetryAfter : _notBefore - time.GetUtcNow();
                throw new ProblemException(problem with { RetryAfter = wait });
            }
        }
        try
        {
            var session = await ImapSession.ConnectAsync(connection, server, credential, options.CommandTimeout, CancellationToken.None);
            lock (_lock)
            {
                _failures = 0;
                _lastProblem = null;
            }
            await observer.LoggedInAsync(CapabilityNames.Of(session.Capabilities));
            return session;
        }
        catch (ProblemException e)
        {
            lock (_lock)
            {
                _lastProblem = e.Problem;
                _notBefore = Backoff.IsFinal(e.Problem) ? DateTimeOffset.MaxValue : time.GetUtcNow() + Backoff.After(++_failures, Random.Shared.NextDouble());
            }
            if (e.Code != ErrorCode.AccountLimit)
            {
                await observer.LoginFailedAsync(e.Problem);
            }
            throw;
        }
    }

    public Task ShrunkAsync(int sessions, Problem problem)
    {
        lock (_lock)
        {
            _lastProblem = null;
        }
        return observer.BudgetShrunkAsync(sessions, problem);
    }
}

/// <summary>When to try a login again.</summary>
public static class Backoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <param name="failures">In a row, at least 1.</param>
    /// <param name="jitter">0 to 1; spreads the next try over the upper half of the span.</param>
    public static TimeSpan After(int failures, double jitter)
    {
        var span = Math.Min(Longest.TotalSeconds, First.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 16)));
        return TimeSpan.FromSeconds(span * (0.5 + jitter / 2));
    }

    /// <summary>The server named the credentials as the reason: trying them again can only lock the account.</summary>
    public static bool IsFinal(Problem problem) =>
        problem.Code == ErrorCode.AccountAuthFailed && problem.Upstream?.Code is "AUTHENTICATIONFAILED" or "EXPIRED" or "AUTHORIZATIONFAILED";
}
