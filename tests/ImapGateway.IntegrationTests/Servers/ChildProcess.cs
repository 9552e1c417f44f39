using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>A process that ends when it is disposed, and also when the test process dies in any way.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;
    private const string SetPriv = "/usr/bin/setpriv";

    // The parent-death signal is tied to the thread that forked: a pool thread that retires would take the child with it.
    private static readonly BlockingCollection<Action> Launches = StartLauncher();

    private readonly Process _process;

    private ChildProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Lines of standard output and standard error as they came.</summary>
    public Journal<string> Output { get; } = new();

    /// <summary>Resident memory in bytes, as the kernel counts it.</summary>
    public long ResidentBytes =>
        long.Parse(File.ReadAllText($"/proc/{Id}/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    /// <param name="file">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">The whole environment: nothing is inherited but PATH, HOME and TMPDIR.</param>
    /// <param name="deathSignal">What the kernel sends when the test process dies: TERM where the program has children to end, else KILL.</param>
    public static async Task<ChildProcess> Start(
        string file,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        string deathSignal = "KILL")
    {
        var guarded = File.Exists(SetPriv);
        var start = new ProcessStartInfo(guarded ? SetPriv : file)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var argument in guarded ? ["--pdeathsig", deathSignal, "--", file, .. arguments] : arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var inherited = new[] { "PATH", "HOME", "TMPDIR" }.Select(name => (name, value: Environment.GetEnvironmentVariable(name)));
        start.Environment.Clear();
        foreach (var (name, value) in inherited.Where(v => v.value is not null))
        {
            start.Environment[name] = value;
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var child = new ChildProcess(new Process { StartInfo = start });
        child._process.OutputDataReceived += (_, line) => child.Heard(line.Data);
        child._process.ErrorDataReceived += (_, line) => child.Heard(line.Data);
        var launched = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Launches.Add(() =>
        {
            try
            {
                child._process.Start();
                launched.SetResult();
            }
            catch (Exception failure)
            {
                launched.SetException(failure);
            }
        });
        await launched.Task;
        child._process.StandardInput.Close();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>SIGKILL to it and all it has started, and wait until it is gone.</summary>
    public async Task Kill()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
    }

    /// <summary>It stands still until <see cref="Thaw"/>: its connections stay, and the kernel answers for them.</summary>
    public void Freeze() => Send(SigStop);

    public void Thaw() => Send(SigCont);

    /// <summary>SIGTERM, and wait for the exit code; SIGKILL after <paramref name="patience"/>, which is a TimeoutException.</summary>
    public async Task<int> Stop(TimeSpan? patience = null)
    {
        Send(SigTerm);
        using var deadline = new CancellationTokenSource(patience ?? Journal<string>.Patience);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            await Kill();
            throw new TimeoutException($"The process did not stop on SIGTERM:\n{string.Join('\n', Output.Entries.TakeLast(40))}");
        }

        return _process.ExitCode;
    }

    public Task Exited(CancellationToken cancel = default) => _process.WaitForExitAsync(cancel);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await Kill();
        }

        _process.Dispose();
    }

    private void Send(int signal)
    {
        if (!_process.HasExited && SendSignal(Id, signal) != 0 && !_process.HasExited)
        {
            throw new InvalidOperationException($"Signal {signal} could not be sent to {Id}.");
        }
    }

    private void Heard(string? line)
    {
        if (line is not null)
        {
            Output.Add(line);
        }
    }

    private static BlockingCollection<Action> StartLauncher()
    {
        var launches = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var launch in launches.GetConsumingEnumerable())
            {
                launch();
            }
        })
        { IsBackground = true, Name = "launcher of child processes" }.Start();
        return launches;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int pid, int signal);
}
