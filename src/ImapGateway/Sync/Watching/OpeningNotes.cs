using System.Collections.Concurrent;
using System.Globalization;
using ImapGateway.Mail;
using ImapGateway.Settings;
using ImapGateway.Storage;

namespace ImapGateway.Sync.Watching;

/// <summary>
/// A file for each account whose watcher is just connecting, so that the next start knows whose opening has ended the process: what a mail server sends can do that in ways that
/// cannot be caught. An account is suspected if the process ended twice in a row at the same step of its opening. To spare those that merely were at that step, too:
/// <list type="bullet">
/// <item>An opening lasts from the server's greeting until all watched mailboxes are indexed; an account that is open has no file.</item>
/// <item>Any end of the opening that is in order, a failure included, forgets what was before.</item>
/// <item>After the first end of the process the accounts that were at it are opened one by one: a second one leaves one to blame.</item>
/// <item>A restart of the machine in between counts for nothing.</item>
/// </list>
/// </summary>
public sealed class OpeningNotes(DataDirectory data) : IStartupStep, IDisposable
{
    private const int Suspicious = 2;
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";

    private static readonly Problem Suspected = new(
        ErrorCode.AccountSuspected,
        "Opening the account has ended the gateway twice, so it is not opened by itself any more. Resume the account, or change its settings, to try it again.",
        RetryAfter: TimeSpan.FromHours(1));

    private static readonly string Boot = File.Exists(BootIdFile) ? File.ReadAllText(BootIdFile).Trim() : "";

    private readonly ConcurrentDictionary<string, Note> _before = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _alone = new(1, 1);

    /// <param name="Ends">Of the process, in a row, at this step.</param>
    /// <param name="IsOpening">False: it was counted already.</param>
    private sealed record Note(int Ends, bool IsOpening, string Boot, string Step)
    {
        public static Note? Parse(string[] lines) =>
            lines is [var ends, var opening, var boot, var step] && int.TryParse(ends, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? new Note(number, opening == "opening", boot, step) : null;

        public string Text => string.Join('\n', Ends.ToString(CultureInfo.InvariantCulture), IsOpening ? "opening" : "counted", Boot, Step);
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
                { IsOpening: false } => note.Ends,
                _ => note.Boot == Boot ? note.Ends + 1 : 0,
            };
            if (ends == 0)
            {
                file.Delete();
                continue;
            }
            _before[file.Name] = note! with { Ends = ends, IsOpening = false };
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
        private bool _isAlone;
        private string? _step;

        /// <summary>One that may have ended the process waits until no other of these is being opened.</summary>
        public async Task BeginAsync(CancellationToken cancel)
        {
            End();
            if (notes._before.ContainsKey(incarnation) && notes.SuspicionOf(incarnation) is null)
            {
                await notes._alone.WaitAsync(cancel);
                _isAlone = true;
            }
            _isOpening = true;
        }

        /// <summary>From now on, and until the next step, whatever ends the process may be the account's.</summary>
        public void At(string step)
        {
            if (!_isOpening || step == _step)
            {
                return;
            }
            notes._before.TryGetValue(incarnation, out var before);
            if (before is not null && before.Step == _step)
            {
                // It has passed what it did not before.
                notes._before.TryRemove(incarnation, out before);
                before = null;
                Release();
            }
            _step = step;
            notes.Write(incarnation, new Note(before?.Step == step ? before.Ends : 0, true, Boot, step));
        }

        /// <summary>In order, whatever came of it.</summary>
        public void End()
        {
            if (_isOpening && _step is not null)
            {
                notes.Forget(incarnation);
            }
            (_isOpening, _step) = (false, null);
            Release();
        }

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
