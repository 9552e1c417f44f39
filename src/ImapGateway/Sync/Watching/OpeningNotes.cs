using System.Collections.Concurrent;
using System.Globalization;
using ImapGateway.Mail;
using ImapGateway.Settings;
using ImapGateway.Storage;

namespace ImapGateway.Sync.Watching;

/// <summary>
/// A file for each account whose watcher is being opened and waits for an answer of the mail server, so that the next start knows whose answer may have ended the process:
/// what a mail server sends can do that in ways that cannot be caught. An account is suspected if the process ended twice at the same step of its opening, and is not opened for an hour then.
/// The end of a process does not show its reason, and a process can be killed at any time. To suspect no other account:
/// <list type="bullet">
/// <item>A step is one job on the connection. Between two steps, and once all watched mailboxes are indexed, an account has no file.</item>
/// <item>A step that succeeds, and any failure that is not the end of the process, forgets what was before.</item>
/// <item>After the first end of the process the accounts that had a file are opened one by one, and the second end must follow within <see cref="Window"/>.</item>
/// <item>A restart of the machine in between counts for nothing.</item>
/// </list>
/// </summary>
public sealed class OpeningNotes(DataDirectory data, TimeProvider time) : IStartupStep, IDisposable
{
    private const int Suspicious = 2;

    /// <summary>Between the two ends of the process, for an account to be suspected.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    /// <summary>For which a suspected account is not opened.</summary>
    public static readonly TimeSpan Quarantine = TimeSpan.FromHours(1);

    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";

    private static readonly Problem Suspected = new(
        ErrorCode.AccountSuspected,
        "Opening the account has ended the gateway twice, so it is not opened for an hour. Resume the account, or change its settings, to try it at once.",
        RetryAfter: Quarantine);

    private static readonly string Boot = File.Exists(BootIdFile) ? File.ReadAllText(BootIdFile).Trim() : "";

    private readonly ConcurrentDictionary<string, Note> _before = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _alone = new(1, 1);

    /// <param name="Ends">Of the process, in a row, at this step.</param>
    /// <param name="IsRunning">The step has begun and has not ended. False: what became of it was counted already.</param>
    /// <param name="Began">When the step began, in seconds since 1970.</param>
    private sealed record Note(int Ends, bool IsRunning, string Boot, long Began, string Step)
    {
        public static Note? Parse(string[] lines) =>
            lines is [var ends, var running, var boot, var began, var step]
            && int.TryParse(ends, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && long.TryParse(began, NumberStyles.None, CultureInfo.InvariantCulture, out var second)
                ? new Note(number, running == "running", boot, second, step)
                : null;

        public string Text => string.Join('\n', Ends.ToString(CultureInfo.InvariantCulture), IsRunning ? "running" : "counted", Boot, Began.ToString(CultureInfo.InvariantCulture), Step);
    }

    public void Dispose() => _alone.Dispose();

    /// <summary>Counts what the last run has left.</summary>
    public Task RunAsync(CancellationToken cancel)
    {
        foreach (var file in data.Folder("openings").EnumerateFiles())
        {
            var note = Note.Parse(File.ReadAllLines(file.FullName));
            var ends = note switch
            {
                null => 0,
                { IsRunning: false } => note.Ends,
                _ => note.Boot == Boot ? note.Ends + 1 : 0,
            };
            if (ends == 0)
            {
                file.Delete();
                continue;
            }
            _before[file.Name] = note! with { Ends = ends, IsRunning = false };
            Write(file.Name, _before[file.Name]);
        }
        return Task.CompletedTask;
    }

    /// <summary>Why the account must not be opened; null where it may.</summary>
    public Problem? SuspicionOf(string incarnation) => _before.TryGetValue(incarnation, out var note) && note.Ends >= Suspicious ? Suspected : null;

    /// <returns>True where the account was suspected, and is no more.</returns>
    public bool Forgive(string incarnation)
    {
        var was = SuspicionOf(incarnation) is not null;
        Forget(incarnation);
        return was;
    }

    public Opening Of(string incarnation) => new(this, incarnation);

    private long Now => time.GetUtcNow().ToUnixTimeSeconds();

    private void Forget(string incarnation)
    {
        _before.TryRemove(incarnation, out _);
        Try(() => File.Delete(PathOf(incarnation)));
    }

    private void Write(string incarnation, Note note) => Try(() => File.WriteAllText(PathOf(incarnation), note.Text));

    private string PathOf(string incarnation) => Path.Combine(data.Combine("openings"), incarnation);

    /// <summary>A full disk must not keep an account from being opened.</summary>
    private static void Try(Action change)
    {
        try
        {
            change();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without a note nobody is suspected.
        }
    }

    /// <summary>The openings of one account, one after the other.</summary>
    public sealed class Opening(OpeningNotes notes, string incarnation)
    {
        private bool _isOpening;
        private bool _hasBegun;
        private bool _isAlone;
        private string? _step;

        public bool IsOpening => _isOpening;

        /// <summary>One that may have ended the process waits until no other of these is being opened.</summary>
        public async Task BeginAsync(CancellationToken cancel)
        {
            End();
            if (notes._before.ContainsKey(incarnation))
            {
                await notes._alone.WaitAsync(cancel);
                _isAlone = true;
            }
            _isOpening = true;
        }

        /// <summary>From now on, and until <see cref="Passed"/>, whatever ends the process may be what the mail server answers.</summary>
        /// <param name="step">The same for the same step of the next opening; one line.</param>
        public void At(string step)
        {
            if (!_isOpening)
            {
                return;
            }
            (_step, _hasBegun) = (step, true);
            var now = notes.Now;
            notes.Write(incarnation, new Note(notes._before.TryGetValue(incarnation, out var before) && before.Step == step && IsRecent(before, now) ? before.Ends : 0, true, Boot, now, step));
        }

        /// <summary>The step has ended, whatever came of it.</summary>
        public void Passed()
        {
            if (!_isOpening || _step is null)
            {
                return;
            }
            if (notes._before.TryGetValue(incarnation, out var before) && before.Step != _step)
            {
                // The step that may have ended the process is still to come.
                notes.Write(incarnation, before);
            }
            else
            {
                notes.Forget(incarnation);
                Release();
            }
            _step = null;
        }

        /// <summary>All steps have succeeded, or one has failed in order.</summary>
        public void End()
        {
            if (_isOpening && _hasBegun)
            {
                notes.Forget(incarnation);
            }
            (_isOpening, _hasBegun, _step) = (false, false, null);
            Release();
        }

        /// <summary>One that is suspected already is tried after a longer time.</summary>
        private static bool IsRecent(Note before, long now) => before.Ends >= Suspicious || now - before.Began <= Window.TotalSeconds;

        private void Release()
        {
            if (_isAlone)
            {
                _isAlone = false;
                notes._alone.Release();
            }
        }
    }
}
