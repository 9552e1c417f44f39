using System.Collections.Immutable;
using ImapGateway.Egress;
using ImapGateway.Imap;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.Mail;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>The pool of the gateway in front of a scripted server, with a clock that stands still until it is moved, and what the account's owner would be told.</summary>
public sealed class PoolFixture : IAsyncDisposable, ILoginObserver
{
    private readonly ServerConnection _connection;

    public PoolFixture(ScriptedOptions? options = null, int budget = 4)
    {
        Server = ScriptedImapServer.Start(options);
        var policy = new EgressPolicy(Options.Create(new EgressOptions { AllowPrivateNetworks = true }));
        _connection = new ServerConnection(new EgressConnector(policy, TimeProvider.System), Options.Create(new ImapOptions()), Time);
        Pool = NewPool(budget);
    }

    public ScriptedImapServer Server { get; }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public ImapPool Pool { get; }

    /// <summary>What the owner was told, in order.</summary>
    public Journal<string> Told { get; } = new();

    public int Logins => Server.CountOf("AUTHENTICATE") + Server.CountOf("LOGIN");

    public ImapPool NewPool(int budget, string password = "pass", Problem? refused = null) => new(
        new SessionOpener(
            _connection,
            new MailServer(ScriptedImapServer.Host, Server.Port, Security.None, "anna", false),
            new Credential(CredentialKind.Password, password),
            TimeSpan.FromSeconds(10),
            this,
            Time,
            refused),
        budget,
        new AnswerBudget(new ImapOptions().MaxMessagesInMemory),
        Time);

    public Task<string> Select(string mailbox = "INBOX", bool repeatable = true, CancellationToken cancel = default) => Select(Pool, mailbox, repeatable, cancel);

    public static Task<string> Select(ImapPool pool, string mailbox = "INBOX", bool repeatable = true, CancellationToken cancel = default) =>
        pool.RunAsync(mailbox, repeatable, async session => (await session.SelectAsync(mailbox)).FullName, cancel);

    /// <summary>A job that has a session and keeps it until told; the task is its end.</summary>
    public (Task Running, Task Done, TaskCompletionSource Finish) Hold(string mailbox = "INBOX")
    {
        var running = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var finish = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var done = Pool.RunAsync<bool>(
            mailbox,
            repeatable: false,
            async session =>
            {
                await session.SelectAsync(mailbox);
                running.SetResult();
                await finish.Task;
                return true;
            },
            CancellationToken.None);
        return (Task.WhenAny(running.Task, done).Unwrap(), done, finish);
    }

    /// <summary>The clock is moved again while the job has not ended: the client may begin to wait for an answer after the server has seen the command, and after the first move.</summary>
    public Task PassUntilEnded(TimeSpan time, Task job) => TestWait.For(() =>
    {
        Time.Advance(time);
        return Task.FromResult(job.IsCompleted);
    });

    Task ILoginObserver.LoggedInAsync(ImmutableArray<string> capabilities, Problem? remaining) => Tell("connected");

    Task ILoginObserver.LoginFailedAsync(Problem problem) => Tell($"failed {problem.Code}");

    Task ILoginObserver.BudgetShrunkAsync(int sessions, Problem problem) => Tell($"shrunk {sessions}");

    Task ILoginObserver.BudgetGrownAsync() => Tell("grown");

    public async ValueTask DisposeAsync()
    {
        await Pool.DisposeAsync();
        await Server.DisposeAsync();
    }

    private Task Tell(string what)
    {
        Told.Add(what);
        return Task.CompletedTask;
    }
}
