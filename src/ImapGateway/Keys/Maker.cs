using ImapGateway.Access;
using ImapGateway.Mail;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Keys;

/// <summary>
/// The caller as the transaction that relies on its rights finds it: a key deleted, expired or narrowed a moment ago neither makes nor changes keys.
/// </summary>
public sealed record Maker(Caller Caller, IReadOnlyList<ApiKey> Chain)
{
    public static async Task<Maker> ReadAsync(DbContext db, Caller caller, DateTimeOffset now, CancellationToken cancel)
    {
        if (caller.KeyId is not { } own)
        {
            return new Maker(caller, []);
        }
        var chain = await KeyChain.ReadAsync(db, key => key.Id == own, cancel) ?? throw new ProblemException(RouteRights.KeyRequired);
        var rights = KeyRights.Of(chain);
        return !rights.HasExpired(now) && rights.Caller.Has(Scope.Admin) ? new Maker(rights.Caller, chain) : throw new ProblemException(RouteRights.KeyRequired);
    }

    public bool DescendsFrom(string id) => Chain.Any(key => key.Id == id);

    public void CheckDepth()
    {
        if (Chain.Count >= KeyChain.MaxLength)
        {
            throw new ProblemException(ErrorCode.Unprocessable, $"Keys made by keys go {KeyChain.MaxLength} deep.");
        }
    }
}
