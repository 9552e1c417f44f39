using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using ImapGateway.Mail;
using ImapGateway.Settings;
using ImapGateway.Storage;

namespace ImapGateway.Imap;

/// <summary>
/// Records in a file each answer of a mail server that the gateway waits for, while an account is opened or a pool works on it, so that the next start knows which account's answer may have ended
/// the process. The data of a mail server can do that in ways that cannot be caught. An account is suspected if the process ended twice at the same step, and is not opened for an hour then.
/// The end of a process does not show its reason, and a process can be killed at any time. These rules avoid false suspicion:
/// <list type="bullet">
/// <item>A step of the watcher (<see cref="Opening"/>) is one job on its connection. Between two steps, and once all watched mailboxes are indexed, it has no file.</item>
/// <item>A step of the pool (<see cref="PoolNotes"/>) is the login, or one command with all its arguments.</item>
/// <item>A step that succeeds, or fails without ending the process, deletes the record of earlier ends.</item>
/// <item>After the first end of the process the steps that had a file are done one by one, and the second end must follow within <see cref="Window"/>.</item>
/// <item>An end of the process does not count if the machine was restarted since.</item>
/// </list>
/// </summary>
public sealed class OpeningNotes(DataDirectory data, TimeProvider time) : IStartupStep, IDisposable
{
    private const int Suspicious = 2;

    /// <summary>The separator between the incarnation and the step in the name of a pool's file.</summary>
    private const char Separator = '.';

    /// <summary>The longest time between the two ends of the process for which an account is suspected.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    /// <summary>The time for which a suspected account is not opened.</summary>
    public static readonly TimeSpan Quarantine = TimeSpan.FromHours(1);

    /// <summary>The longest time that a step waits for others that may have ended the process: their servers may be silent, and there may be many.</summary>
    private static readonly TimeSpan LongestTurn = TimeSpan.FromSeconds(30);

    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";

    private static readonly Problem Suspected = new(
        ErrorCode.AccountSuspected,
        "The gateway has ended twice while it waited for the same answer of the account's mail server, so it does not connect for an hour. Resume the account, or change its settings, to try it at once.",
        RetryAfter: Quarantine);

    private static readonly string Boot = File.Exists(BootIdFile) ? File.ReadAllText(BootIdFile).Trim() : "";

    private readonly ConcurrentDictionary<string, Note> _before = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _alone = new(1, 1);

    /// <param name="Ends">The number of ends of the process in a row at this step.</param>
    /// <param name="IsRunning">True if the step has begun and has not ended. False if its result was counted already.</param>
    /// <param name="Began">The time when the step began, in seconds since 1970.</param>
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

    /// <summary>Counts the steps that the last run has left.</summary>
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
            if (ends == 0 || IsOutdated(note! with { Ends = ends }))
            {
                file.Delete();
                continue;
            }
            _before[file.Name] = note! with { Ends = ends, IsRunning = false };
            Write(file.Name, _before[file.Name]);
        }
        return Task.CompletedTask;
    }

    /// <summary>Returns the reason why the account must not be opened. Null if it may be opened.</summary>
    public Problem? SuspicionOf(string incarnation) => KeysOf(incarnation).Any(key => _before.TryGetValue(key, out var note) && note.Ends >= Suspicious) ? Suspected : null;

    /// <returns>True if the account was suspected until now.</returns>
    public bool Forgive(string incarnation)
    {
        var was = SuspicionOf(incarnation) is not null;
        foreach (var key in KeysOf(incarnation))
        {
            Forget(key);
        }
        return was;
    }

    /// <summary>Returns the records for the watcher of an account.</summary>
    public Opening Of(string incarnation) => new(this, incarnation);

    /// <summary>Returns the records for the pool of an account.</summary>
    public PoolNotes OfPool(string incarnation) => new(this, incarnation);

    private List<string> KeysOf(string incarnation) => [.. _before.Keys.Where(key => key == incarnation || key.StartsWith($"{incarnation}{Separator}", StringComparison.Ordinal))];

    private long Now => time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>True if the note can no longer lead to suspicion: the step has not been repeated for a long time, or the hour of a suspected account is long over.</summary>
    private bool IsOutdated(Note note) => Now - note.Began > (Window + (note.Ends >= Suspicious ? Quarantine : TimeSpan.Zero)).TotalSeconds;

    /// <summary>Waits for the lock if this step may have ended the process, so that no other such step runs at the same time.</summary>
    /// <returns>True if the lock was taken, and must be released.</returns>
    private async Task<bool> TakeTurnAsync(string key, CancellationToken cancel) => _before.ContainsKey(key) && await _alone.WaitAsync(LongestTurn, cancel);

    private void Begin(string key, string step)
    {
        var now = Now;
        Write(key, new Note(_before.TryGetValue(key, out var before) && before.Step == step && IsRecent(before, now) ? before.Ends : 0, true, Boot, now, step));
    }

    /// <summary>True if the earlier end is recent enough to count. A step that is suspected already is tried again after a longer time.</summary>
    private static bool IsRecent(Note before, long now) => before.Ends >= Suspicious || now - before.Began <= Window.TotalSeconds;

    private void Forget(string key)
    {
        _before.TryRemove(key, out _);
        Try(() => File.Delete(PathOf(key)));
    }

    private void Write(string key, Note note) => Try(() => File.WriteAllText(PathOf(key), note.Text));

    private string PathOf(string key) => Path.Combine(data.Combine("openings"), key);

    /// <summary>Runs a change of a file and ignores a failure. A full disk must not keep an account from being opened.</summary>
    private static void Try(Action change)
    {
        try
        {
            change();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without a note no account is suspected.
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

        /// <summary>Begins an opening. If it may have ended the process, waits until no other such opening is under way.</summary>
        public async Task BeginAsync(CancellationToken cancel)
        {
            End();
            _isAlone = await notes.TakeTurnAsync(incarnation, cancel);
            _isOpening = true;
        }

        /// <summary>Records a step. Until <see cref="Passed"/>, the mail server's answer may be the cause if the process ends.</summary>
        /// <param name="step">The name of the step, one line. It is the same for the same step of the next opening.</param>
        public void At(string step)
        {
            if (!_isOpening)
            {
                return;
            }
            (_step, _hasBegun) = (step, true);
            notes.Begin(incarnation, step);
        }

        /// <summary>Records that the step has ended, with any result.</summary>
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

        /// <summary>Ends the opening: all steps have succeeded, or one has failed without ending the process.</summary>
        public void End()
        {
            if (_isOpening && _hasBegun)
            {
                notes.Forget(incarnation);
            }
            (_isOpening, _hasBegun, _step) = (false, false, null);
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

    /// <summary>Records the logins and commands of one account's pool.</summary>
    public sealed class PoolNotes(OpeningNotes notes, string incarnation)
    {
        /// <summary>Records the login of a new connection.</summary>
        public async Task<T> LogInAsync<T>(Func<Action, Task<T>> login)
        {
            using var step = Connection();
            await step.BeginAsync("login");
            return await login(step.Write);
        }

        /// <summary>Creates the records for the commands of a connection, one after the other.</summary>
        public PoolStep Connection() => new(notes, incarnation);
    }

    /// <summary>Records the answer that one connection of a pool waits for. It is disposed when the connection waits for no answer any more.</summary>
    public sealed class PoolStep(OpeningNotes notes, string incarnation) : IDisposable
    {
        private string? _key;
        private bool _isNoted;
        private bool _isAlone;

        /// <summary>Records the next command. The answer to the previous command has come.</summary>
        /// <param name="command">The command without its tag. Only its hash is kept.</param>
        public async ValueTask SendingAsync(ReadOnlyMemory<byte> command)
        {
            await BeginAsync(Convert.ToHexStringLower(SHA256.HashData(command.Span)[..16]));
            Write();
        }

        internal async Task BeginAsync(string step)
        {
            End();
            var key = $"{incarnation}{Separator}{step}";
            _isAlone = await notes.TakeTurnAsync(key, CancellationToken.None);
            _key = key;
        }

        internal void Write()
        {
            notes.Begin(_key!, "answer");
            _isNoted = true;
        }

        public void Dispose() => End();

        private void End()
        {
            if (_isNoted)
            {
                // A command that was not begun, such as a login that is refused here, has not shown anything.
                notes.Forget(_key!);
                _isNoted = false;
            }
            if (_isAlone)
            {
                _isAlone = false;
                notes._alone.Release();
            }
        }
    }
}
