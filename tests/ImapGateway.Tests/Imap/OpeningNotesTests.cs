using System.Text;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Imap;

/// <summary>Which accounts are suspected when the process ends without notice, again and again.</summary>
public sealed class OpeningNotesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("openings").FullName;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(60));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_second_end_at_the_same_step_makes_an_account_suspected()
    {
        await EndAsync("login");
        Assert.Null((await StartAsync()).SuspicionOf("a"));
        await EndAsync("1 INBOX", passed: ["login"]);
        Assert.Null((await StartAsync()).SuspicionOf("a"));
        await EndAsync("1 INBOX", passed: ["login"]);
        Assert.NotNull((await StartAsync()).SuspicionOf("a"));
        Assert.NotNull((await StartAsync()).SuspicionOf("a"));
    }

    [Theory]
    [InlineData("open")]
    [InlineData("between two steps")]
    [InlineData("at another step")]
    [InlineData("later")]
    public async Task Any_number_of_other_ends_do_not(string when)
    {
        for (var end = 0; end < 6; end++)
        {
            using var notes = await StartAsync();
            Assert.Null(notes.SuspicionOf("a"));
            var opening = notes.Of("a");
            await opening.BeginAsync(CancellationToken.None);
            opening.At("login");
            switch (when)
            {
                case "open":
                    opening.Passed();
                    opening.End();
                    opening.At("1 INBOX");
                    break;
                case "between two steps":
                    opening.Passed();
                    break;
                case "at another step":
                    opening.Passed();
                    opening.At(end % 2 == 0 ? "1 INBOX" : "1 Sent");
                    break;
                default:
                    _time.Advance(OpeningNotes.Window + TimeSpan.FromSeconds(1));
                    break;
            }
        }
        Assert.Null((await StartAsync()).SuspicionOf("a"));
    }

    [Fact]
    public async Task A_step_that_fails_in_order_forgets_the_end_before()
    {
        await EndAsync("login");
        using (var notes = await StartAsync())
        {
            var opening = notes.Of("a");
            await opening.BeginAsync(CancellationToken.None);
            opening.At("login");
            opening.End();
        }
        await EndAsync("login");
        Assert.Null((await StartAsync()).SuspicionOf("a"));
    }

    [Fact]
    public async Task Accounts_that_may_have_ended_the_process_are_opened_one_by_one()
    {
        await EndAsync("login", accounts: ["a", "b"]);
        using var notes = await StartAsync();
        var (a, b, c) = (notes.Of("a"), notes.Of("b"), notes.Of("c"));
        await a.BeginAsync(CancellationToken.None);
        await c.BeginAsync(CancellationToken.None);
        var waiting = b.BeginAsync(CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        a.At("login");
        a.Passed();
        await waiting;
    }

    [Fact]
    public async Task A_suspected_account_that_ends_the_process_after_its_hour_stays_suspected_and_one_that_opens_does_not()
    {
        await EndAsync("login");
        await EndAsync("login");
        _time.Advance(OpeningNotes.Quarantine);
        await EndAsync("login");
        using var notes = await StartAsync();
        Assert.NotNull(notes.SuspicionOf("a"));
        var opening = notes.Of("a");
        await opening.BeginAsync(CancellationToken.None);
        opening.At("login");
        opening.Passed();
        opening.End();
        Assert.Null(notes.SuspicionOf("a"));
        Assert.Null((await StartAsync()).SuspicionOf("a"));
    }

    [Fact]
    public async Task The_second_end_at_the_same_command_of_a_pool_makes_an_account_suspected()
    {
        for (var end = 0; end < 2; end++)
        {
            using var notes = await StartAsync();
            Assert.Null(notes.SuspicionOf("a"));
            var pool = notes.OfPool("a");
            await pool.LogInAsync(connected => { connected(); return Task.FromResult(true); });
            var step = pool.Connection();
            await step.SendingAsync("NOOP\r\n"u8.ToArray());
            await step.SendingAsync("UID FETCH 1 (BODYSTRUCTURE)\r\n"u8.ToArray());
        }
        using var last = await StartAsync();
        Assert.NotNull(last.SuspicionOf("a"));
        Assert.Null(last.SuspicionOf("a2"));
        // A login that is refused here does not take the suspicion away.
        await Assert.ThrowsAsync<ProblemException>(() => last.OfPool("a").LogInAsync<bool>(_ => throw new ProblemException(last.SuspicionOf("a")!)));
        Assert.NotNull(last.SuspicionOf("a"));
        Assert.True(last.Forgive("a"));
        Assert.Null((await StartAsync()).SuspicionOf("a"));
    }

    [Theory]
    [InlineData("UID FETCH 2 (BODYSTRUCTURE)\r\n", false)]
    [InlineData("UID FETCH 1 (BODYSTRUCTURE)\r\n", true)]
    public async Task Another_command_or_one_that_was_answered_in_between_does_not(string command, bool isAnswered)
    {
        foreach (var sent in new[] { "UID FETCH 1 (BODYSTRUCTURE)\r\n", command })
        {
            using var notes = await StartAsync();
            if (isAnswered)
            {
                using var answered = notes.OfPool("a").Connection();
                await answered.SendingAsync(Encoding.ASCII.GetBytes(sent));
            }
            await notes.OfPool("a").Connection().SendingAsync(Encoding.ASCII.GetBytes(sent));
        }
        Assert.Null((await StartAsync()).SuspicionOf("a"));
    }

    [Fact]
    public async Task A_command_that_never_comes_again_leaves_no_file()
    {
        using (var notes = await StartAsync())
        {
            await notes.OfPool("a").Connection().SendingAsync("NOOP\r\n"u8.ToArray());
        }
        _time.Advance(OpeningNotes.Window + TimeSpan.FromSeconds(1));
        (await StartAsync()).Dispose();
        Assert.Empty(Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories));
    }

    /// <summary>The process starts, and ends at a step of these accounts' openings.</summary>
    private async Task EndAsync(string step, string[]? passed = null, string[]? accounts = null)
    {
        using var notes = await StartAsync();
        var openings = (accounts ?? ["a"]).Select(notes.Of).ToList();
        foreach (var opening in openings)
        {
            await opening.BeginAsync(CancellationToken.None);
            foreach (var one in passed ?? [])
            {
                opening.At(one);
                opening.Passed();
            }
            opening.At(step);
        }
    }

    private async Task<OpeningNotes> StartAsync()
    {
        var notes = new OpeningNotes(new DataDirectory(_folder), _time);
        await notes.RunAsync(CancellationToken.None);
        return notes;
    }
}
