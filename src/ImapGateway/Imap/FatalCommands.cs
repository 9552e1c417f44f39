using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>
/// Tracks the commands of one account after which the mail server closes the connection, becomes silent, or sends data that cannot be parsed, because of the mailbox that they concern. They are
/// sent again only after a growing pause, so such a mailbox costs a connection from time to time and nothing else. May be used on any thread.
/// </summary>
public sealed class FatalCommands(TimeProvider time)
{
    /// <summary>The command that counts the messages of one mailbox.</summary>
    public const string Status = "STATUS";

    /// <summary>The command that opens a mailbox and reads which messages it has.</summary>
    public const string Select = "SELECT";

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Command, string Mailbox), Entry> _entries = [];
    private int _failures;

    private sealed record Entry(Problem Problem, int Times, DateTimeOffset NotBefore);

    /// <summary>The number of commands that have failed.</summary>
    public int Failures => Volatile.Read(ref _failures);

    /// <summary>Returns the reason why the command has failed. Null if it has not failed, or has succeeded since.</summary>
    /// <param name="mailbox">The decoded path; empty if the command concerns all mailboxes.</param>
    public Problem? Find(string command, string mailbox = "") => EntryOf(command, mailbox)?.Problem;

    /// <summary>Returns how often in a row the command has failed.</summary>
    public int TimesOf(string command, string mailbox = "") => EntryOf(command, mailbox)?.Times ?? 0;

    /// <summary>Returns how long the command must not be sent; zero if it may be sent.</summary>
    public TimeSpan PauseOf(string command, string mailbox = "") =>
        EntryOf(command, mailbox) is { } entry && entry.NotBefore - time.GetUtcNow() is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    /// <summary>Returns the mailboxes for which the command has failed.</summary>
    public IReadOnlyList<string> MailboxesOf(string command)
    {
        lock (_lock)
        {
            return [.. _entries.Keys.Where(key => key.Command == command).Select(key => key.Mailbox)];
        }
    }

    /// <summary>Runs the command, and remembers whether it has ended the connection.</summary>
    public async Task<T> RunAsync<T>(ImapSession session, string command, string mailbox, Func<Task<T>> send)
    {
        try
        {
            var result = await send();
            Forget(command, mailbox);
            return result;
        }
        catch (Exception e) when (!session.IsUsable && session.Explain(e) is var failure && FetchIsolation.MayBeOfOneMessage(failure))
        {
            Failed(command, mailbox, failure.Problem);
            throw failure;
        }
    }

    /// <summary>Forgets the failures of a command that is now handled in another way.</summary>
    public void Forget(string command, string mailbox = "")
    {
        lock (_lock)
        {
            _entries.Remove((command, mailbox));
        }
    }

    private void Failed(string command, string mailbox, Problem problem)
    {
        lock (_lock)
        {
            var times = (_entries.GetValueOrDefault((command, mailbox))?.Times ?? 0) + 1;
            var failures = times - ByChance(command, mailbox, problem);
            var pause = failures <= 0 ? TimeSpan.Zero : Backoff.AfterUnreadable(failures, Random.Shared.NextDouble());
            var detail = mailbox.Length > 0 ? $"The command {command} for this mailbox ends the connection to the mail server. {problem.Detail}" : problem.Detail;
            _entries[(command, mailbox)] = new Entry(problem with { Detail = detail, RetryAfter = null }, times, time.GetUtcNow() + pause);
            _failures++;
        }
    }

    /// <summary>
    /// Returns how many failures in a row may have another reason, such as a server that restarts. A command for all mailboxes can be replaced by another command, so no failure has to be
    /// accepted.
    /// </summary>
    private static int ByChance(string command, string mailbox, Problem problem) =>
        mailbox.Length == 0 ? 0
        // A request that loses its connection at SELECT retries by itself once.
        : command == Select && problem.Code != ErrorCode.AccountTimeout ? 2
        : 1;

    /// <summary>Forgets mailboxes that no longer exist.</summary>
    /// <param name="mailboxes">All mailboxes that exist.</param>
    public void Keep(IReadOnlySet<string> mailboxes)
    {
        lock (_lock)
        {
            foreach (var key in _entries.Keys.Where(key => key.Mailbox.Length > 0 && !mailboxes.Contains(key.Mailbox)).ToList())
            {
                _entries.Remove(key);
            }
        }
    }

    private Entry? EntryOf(string command, string mailbox)
    {
        lock (_lock)
        {
            return _entries.GetValueOrDefault((command, mailbox));
        }
    }
}
