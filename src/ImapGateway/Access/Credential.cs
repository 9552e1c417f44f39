using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace ImapGateway.Access;

/// <summary>
/// What a caller has presented, to be asked again for as long as a connection lasts: a key may be narrowed, expire or be deleted meanwhile. A handler under
/// <see cref="RouteRights.RequireKey"/> takes it as a parameter.
/// </summary>
/// <param name="Lookup">Finds the key as it stands.</param>
/// <param name="Sha256">Of the key's value, also where a ticket was presented.</param>
/// <param name="Ticket">What of the key's rights the ticket carries; null where the key itself was presented.</param>
public sealed record Credential(CallerLookup Lookup, ReadOnlyMemory<byte> Sha256, Ticket? Ticket)
{
    /// <summary>The caller with the rights of this moment; null once the key has none any more. A ticket's own end is not asked: it opens connections, those it has opened go on.</summary>
    public async ValueTask<Caller?> CallerAsync(CancellationToken cancel) =>
        await Lookup.FindAsync(Sha256, cancel) is { } caller ? Ticket?.Narrow(caller) ?? caller : null;

    /// <summary>How long a lookup that failed is waited with before the next one.</summary>
    private static readonly TimeSpan RetryIn = TimeSpan.FromSeconds(1);

    /// <summary>Cancelled when the caller may have other rights than before. Read it before the caller is looked up.</summary>
    public CancellationToken Unchanged => Lookup.Unchanged;

    /// <summary>Returns once the caller has lost a right: its key was narrowed or deleted, or has expired.</summary>
    /// <param name="isAllowed">Whether the caller, with the rights of that moment, still has the right.</param>
    /// <exception cref="OperationCanceledException">Nobody waits any more.</exception>
    public async Task LostAsync(Func<Caller, bool> isAllowed, TimeProvider time, CancellationToken cancel)
    {
        while (true)
        {
            var (unchanged, most) = (Unchanged, Timeout.InfiniteTimeSpan);
            try
            {
                if (await CallerAsync(cancel) is not { } caller || !isAllowed(caller))
                {
                    return;
                }
            }
            catch (Exception) when (!cancel.IsCancellationRequested)
            {
                // Storage is unavailable, or the lookup failed: the rights are unknown for now.
                most = RetryIn;
            }
            using var change = CancellationTokenSource.CreateLinkedTokenSource(cancel, unchanged);
            await Task.Delay(most, time, change.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancel.ThrowIfCancellationRequested();
        }
    }

    public static ValueTask<Credential?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<Credential>());
}

/// <summary>Stands for a key for a short while, in the address of a connection that cannot send a header.</summary>
/// <param name="KeySha256">Of the value of the key that made it.</param>
/// <param name="Scopes">As granted.</param>
/// <param name="Accounts">Null: all that the key may see.</param>
/// <param name="ExpiresAt">From then on it opens nothing.</param>
public sealed record Ticket(byte[] KeySha256, Scope Scopes, ImmutableHashSet<string>? Accounts, DateTimeOffset ExpiresAt)
{
    /// <summary>Never more than the key has at this moment.</summary>
    public Caller Narrow(Caller key) => key with
    {
        Scopes = Access.Scopes.Expand(Scopes) & Access.Scopes.Expand(key.Scopes),
        Accounts = key.Accounts is null ? Accounts : Accounts is null ? key.Accounts : key.Accounts.Intersect(Accounts),
    };
}

/// <summary>The value of a ticket and what it says. Keys implements it.</summary>
public interface ITicketReader
{
    /// <summary>Null for what is no ticket of this gateway, or has expired.</summary>
    Ticket? Read(string value);
}

/// <summary>Keys of all kinds: that of the settings, and those that were made.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A CancellationTokenSource without a timer holds nothing unless its wait handle is asked for.")]
public sealed class CallerLookup
{
    private static readonly Caller Operator = new(null, Scopes.Expand(Scope.Admin), null);

    private readonly AdminKey _admin;
    private readonly IKeyLookup _keys;
    private CancellationTokenSource _unchanged = new();

    public CallerLookup(AdminKey admin, IKeyLookup keys)
    {
        (_admin, _keys) = (admin, keys);
        // Away from whoever has changed the key: thousands may wait.
        keys.Changed += () => _ = Interlocked.Exchange(ref _unchanged, new CancellationTokenSource()).CancelAsync();
    }

    /// <summary>Cancelled once any key has changed or expired; the next call gives the token of the next change.</summary>
    public CancellationToken Unchanged => Volatile.Read(ref _unchanged).Token;

    /// <summary>Null where no key has this SHA-256, or has it no longer.</summary>
    public ValueTask<Caller?> FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancel) =>
        _admin.Matches(sha256.Span) ? ValueTask.FromResult<Caller?>(Operator) : _keys.FindAsync(sha256, cancel);
}
