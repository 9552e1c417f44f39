using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Access;
using ImapGateway.Keys;

namespace ImapGateway.Tests.Keys;

public class KeyRightsTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 31, 12, 0, 0, TimeSpan.Zero);

    private static ApiKey Key(Scope scopes, string[]? accounts, int? days) => new()
    {
        Id = "key",
        Sha256 = [],
        Hint = "",
        Name = "",
        Scopes = scopes,
        Accounts = accounts?.ToImmutableArray(),
        ExpiresAt = days is { } count ? Now.AddDays(count) : null,
        CreatedAt = Now,
        CreatedBy = null,
    };

    private static readonly Gen<ApiKey> Keys =
        from scopes in Gen.Choose(0, 127)
        from accounts in Gen.OneOf(Gen.Constant<string[]?>(null), Gen.SubListOf("a", "b", "c").Select(list => (string[]?)[.. list]))
        from days in Gen.OneOf(Gen.Constant<int?>(null), Gen.Choose(-5, 5).Select(count => (int?)count))
        select Key((Scope)scopes, accounts, days);

    [Fact]
    public void A_key_may_do_what_every_key_of_its_chain_may_and_nothing_else() => Prop.ForAll(Arb.From(Gen.NonEmptyListOf(Keys)), chain =>
    {
        var rights = KeyRights.Of([.. chain]);
        var alone = chain.Select(key => new Caller(key.Id, key.Scopes, key.Accounts is { } own ? [.. own] : null)).ToArray();
        return Scopes.Names.All(name => Scopes.TryParse(name, out var scope) && rights.Caller.Has(scope) == alone.All(caller => caller.Has(scope)))
            && new[] { "a", "b", "c", "d" }.All(account => rights.Caller.MaySee(account) == alone.All(caller => caller.MaySee(account)))
            && Enumerable.Range(-6, 13).All(days => rights.HasExpired(Now.AddDays(days)) == chain.Any(key => key.ExpiresAt <= Now.AddDays(days)));
    }).QuickCheckThrowOnFailure();
}
