using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace ImapGateway.Access;

/// <summary>
/// A key or ticket that a caller has presented. It is looked up again as long as a connection lasts, since a key can be narrowed, expire or be deleted meanwhile. A handler under
/// <see cref="RouteRights.RequireKey"/> takes it as a parameter.
/// </summary>
/// <param name="Lookup">Finds the key with its present rights.</param>
/// <param name="Sha256">The SHA-256 of the key's value, also where a ticket was presented.</param>
/// <param name="Ticket">The ticket with the rights that it carries; null where the key itself was presented.</param>
public sealed record Credential(CallerLookup Lookup, ReadOnlyMemory<byte> Sha256, Ticket? Ticket)
{
    /// <summary>
    /// Returns the caller with its present rights, or null if the key has no rights any more. The ticket's own expiry is not checked: a ticket opens connections, and a
    /// connection that it has opened goes on.
    /// </summary>
    public async ValueTask<Caller?> CallerAsync(CancellationToken cancel) =>
        await Lookup.FindAsync(Sha256, cancel) is { } caller ? Ticket?.Narrow(caller) ?? caller : null;

    /// <summary>The delay before a lookup that failed is repeated.</summary>
    private static readonly TimeSpan RetryIn = TimeSpan.FromSeconds(1);

    /// <summary>A token that is cancelled when the caller's rights may have changed. Read it before the caller is looked up.</summary>
    public CancellationToken Unchanged => Lookup.Unchanged;

    /// <summary>Returns when the caller has lost a right: its key was narrowed or deleted, or has expired.</summary>
    /// <param name="isAllowed">True if a caller with the present rights still has the right.</param>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
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

/// <summary>A ticket: replaces a key for a short time in the address of a connection that cannot send a header.</summary>
/// <param name="KeySha256">The SHA-256 of the value of the key that made the ticket.</param>
/// <param name="Scopes">The scopes as granted.</param>
/// <param name="Accounts">The accounts that the ticket is limited to; null: all that the key may see.</param>
/// <param name="ExpiresAt">The time from which the ticket opens no connection.</param>
public sealed record Ticket(byte[] KeySha256, Scope Scopes, ImmutableHashSet<string>? Accounts, DateTimeOffset ExpiresAt)
{
    /// <summary>Returns the caller with the rights of the ticket, never more than the key has at this moment.</summary>
    public Caller Narrow(Caller key) => key with
    {
        Scopes = Access.Scopes.Expand(Scopes) & Access.Scopes.Expand(key.Scopes),
        Accounts = key.Accounts is null ? Accounts : Accounts is null ? key.Accounts : key.Accounts.Intersect(Accounts),
    };
}

/// <summary>Reads the value of a ticket. Keys implements it.</summary>
public interface ITicketReader
{
    /// <summary>Returns the ticket, or null if the value is not a ticket of this gateway or the ticket has expired.</summary>
    Ticket? Read(string value);
}

/// <summary>Looks up keys of all kinds: the admin key of the settings, and the keys that were made.</summary>
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
        // Not on the thread that has changed the key: thousands of requests may wait.
        keys.Changed += () => _ = Interlocked.Exchange(ref _unchanged, new CancellationTokenSource()).CancelAsync();
    }

    /// <summary>A token that is cancelled when any key has changed or expired. The next read of the property gives the token of the next change.</summary>
    public CancellationToken Unchanged => Volatile.Read(ref _unchanged).Token;

    /// <summary>Returns the caller whose key has this SHA-256, or null if no key has it.</summary>
    public ValueTask<Caller?> FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancel) =>
        _admin.Matches(sha256.Span) ? ValueTask.FromResult<Caller?>(Operator) : _keys.FindAsync(sha256, cancel);
}
