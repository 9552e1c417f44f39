using System.Diagnostics;
using System.Text.RegularExpressions;
using ImapGateway.Storage;

namespace ImapGateway.IntegrationTests.Faults;

/// <summary>A database that fails for some of the code that uses it, as long as a test wants it to.</summary>
public sealed partial class FaultyDatabase(IDatabase database) : IDatabase
{
    private volatile string? _failingCode;
    private volatile string? _failingLoop;

    /// <summary>Calls of this code fail with <see cref="Fault"/>, such as <c>LaneStore.&lt;BehindAsync&gt;</c>: it gives the job, or is on the stack of the call. Null: none.</summary>
    public string? FailingCode
    {
        get => _failingCode;
        set => _failingCode = value;
    }

    /// <summary>Calls within turns of background loops of this name fail with <see cref="Fault"/>. Null: none.</summary>
    public string? FailingLoop
    {
        get => _failingLoop;
        set => _failingLoop = value;
    }

    public Func<Exception> Fault { get; set; } = () => new InvalidOperationException("injected");

    public Task<T> ReadAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> query, CancellationToken cancel) =>
        Fails(query) ? Task.FromException<T>(Fault()) : database.ReadAsync(query, cancel);

    public Task<T> WriteAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> job, CancellationToken cancel) =>
        Fails(job) ? Task.FromException<T>(Fault()) : database.WriteAsync(job, cancel);

    private bool Fails(Delegate job)
    {
        if (_failingLoop is { } loop && LoopScope.Current == loop)
        {
            return true;
        }
        if (_failingCode is not { } code)
        {
            return false;
        }
        var callers = new StackTrace().GetFrames().Select(frame => frame.GetMethod()).Append(job.Method)
            .Select(method => Closure().Replace($"{method?.DeclaringType?.FullName}.{method?.Name}", "."));
        return callers.Any(caller => caller.Contains(code, StringComparison.Ordinal));
    }

    /// <summary>Closures and state machines are nested in the type whose code they are.</summary>
    [GeneratedRegex(@"\+(<>c[^.]*\.)?")]
    private static partial Regex Closure();
}
