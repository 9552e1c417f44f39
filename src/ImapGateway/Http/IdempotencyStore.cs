using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Http;

/// <summary>
/// Stores requests with an Idempotency-Key and their responses. Running requests are known in memory (one process at a time owns the data directory), so a row
/// without a response that no running request has was left by a crash. The next request with the key takes it over, instead of getting 409 for a day.
/// Nobody knows whether the dead process had executed the request: across a crash, and only there, the guarantee is at least once.
/// </summary>
public sealed class IdempotencyStore(IDatabase database, IDataProtectionProvider protection, TimeProvider time)
{
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    private static readonly Problem StillRunning =
        new(ErrorCode.Conflict, "The first request with this Idempotency-Key is still being worked on.", RetryAfter: TimeSpan.FromSeconds(1));

    private static readonly Problem OtherPayload = new(
        ErrorCode.Unprocessable,
        "This Idempotency-Key was used with another request.",
        [new ProblemError("A new request needs a new key.", Parameter: IdempotencyKey.Header)]);

    private static readonly Problem AnswerUnreadable = new(
        ErrorCode.Conflict, "A request with this Idempotency-Key was carried out, but its stored answer cannot be decrypted any more. Look for what it has made, and use a new key for a new request.");

    private readonly ConcurrentDictionary<string, bool> _running = new();

    private readonly IDataProtector _protector = protection.CreateProtector("ImapGateway.Idempotency.v1");

    /// <summary>Returns the id of a key in its scope. The parts are hashed one by one, so that two different lists of parts never give the same id.</summary>
    public static string IdOf(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
        {
            hash.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(part)));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>
    /// Claims a key. If the result is null, the caller has the claim, executes the request, and must then call <see cref="SettleAsync"/> or <see cref="ReleaseAsync"/>.
    /// Otherwise the result is the stored response. 409 while another request has the claim, 422 if it had another payload.
    /// </summary>
    public async Task<StoredAnswer?> ClaimAsync(string id, byte[] payload, CancellationToken cancel)
    {
        var digest = SHA256.HashData(payload);
        if (Replay(await database.ReadAsync((db, c) => FindAsync(db.Set<IdempotencyRecord>(), id, c), cancel), digest) is { } stored)
        {
            return stored;
        }
        if (!_running.TryAdd(id, true))
        {
            throw new ProblemException(StillRunning);
        }
        var claimed = false;
        try
        {
            var row = Fresh(id, digest);
            stored = Replay(await database.WriteAsync((db, c) => TakeAsync(db, row, c), cancel), digest);
            claimed = stored is null;
            return stored;
        }
        finally
        {
            if (!claimed)
            {
                _running.TryRemove(id, out _);
            }
        }
    }

    public Task SettleAsync(string id, StoredAnswer answer) => FinishAsync(id, () =>
    {
        var bytes = answer.Protect(_protector);
        return rows => rows.ExecuteUpdateAsync(row => row.SetProperty(record => record.Answer, bytes));
    });

    /// <summary>Frees the key: nothing was done.</summary>
    public Task ReleaseAsync(string id) => FinishAsync(id, () => rows => rows.ExecuteDeleteAsync());

    /// <summary>Removes at most this number of expired rows; returns how many it found.</summary>
    public Task<int> PurgeAsync(int most, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        return database.WriteAsync((db, c) => db.Set<IdempotencyRecord>().Where(record => record.ExpiresAt <= now)
            .OrderBy(record => record.ExpiresAt).Take(most).ExecuteDeleteAsync(c), cancel);
    }

    /// <summary>Ends the claim. Whatever becomes of the write, the request does not run any more.</summary>
    private async Task FinishAsync(string id, Func<Func<IQueryable<IdempotencyRecord>, Task<int>>> prepare)
    {
        try
        {
            var write = prepare();
            await database.WriteAsync((db, _) => write(db.Set<IdempotencyRecord>().Where(record => record.Id == id)), CancellationToken.None);
        }
        finally
        {
            _running.TryRemove(id, out _);
        }
    }

    /// <summary>Returns the row of an answered request, or null if the fresh row was written.</summary>
    private async Task<IdempotencyRecord?> TakeAsync(DbContext db, IdempotencyRecord fresh, CancellationToken cancel)
    {
        var rows = db.Set<IdempotencyRecord>();
        if (await FindAsync(rows, fresh.Id, cancel) is { Answer: not null } answered && answered.ExpiresAt > time.GetUtcNow())
        {
            return answered;
        }
        await rows.Where(record => record.Id == fresh.Id).ExecuteDeleteAsync(cancel);
        rows.Add(fresh);
        return null;
    }

    private StoredAnswer? Replay(IdempotencyRecord? row, byte[] digest)
    {
        if (row?.Answer is null || row.ExpiresAt <= time.GetUtcNow())
        {
            return null;
        }
        try
        {
            return CryptographicOperations.FixedTimeEquals(row.PayloadHash, HMACSHA256.HashData(_protector.Unprotect(row.PayloadKey), digest))
                ? StoredAnswer.Unprotect(_protector, row.Answer)
                : throw new ProblemException(OtherPayload);
        }
        catch (Exception failure) when (Ciphertext.IsUnreadable(failure))
        {
            // It must not be executed again: what it has done is done.
            throw new ProblemException(AnswerUnreadable, failure);
        }
    }

    private IdempotencyRecord Fresh(string id, byte[] digest)
    {
        var key = RandomNumberGenerator.GetBytes(32);
        return new IdempotencyRecord
        {
            Id = id,
            PayloadKey = _protector.Protect(key),
            PayloadHash = HMACSHA256.HashData(key, digest),
            ExpiresAt = time.GetUtcNow() + Kept,
        };
    }

    private static Task<IdempotencyRecord?> FindAsync(IQueryable<IdempotencyRecord> rows, string id, CancellationToken cancel) =>
        rows.AsNoTracking().SingleOrDefaultAsync(record => record.Id == id, cancel);
}
