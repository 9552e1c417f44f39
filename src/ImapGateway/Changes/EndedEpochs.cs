using System.Collections.Immutable;
using System.Globalization;
using ImapGateway.Storage;

namespace ImapGateway.Changes;

/// <summary>An epoch of an account that has ended, with the last values that were given in it before the database was copied. What was given later is lost.</summary>
/// <param name="Sequence">The sequence number of the account's last change.</param>
/// <param name="NextCounter">The counter after the account's last id.</param>
public readonly record struct EndedEpoch(long Epoch, long Sequence, ulong NextCounter);

/// <summary>
/// The epochs before the present one, oldest first, in the form of <see cref="FenceEntity.EndedEpochs"/> and <see cref="StoreEntity.EndedEpochs"/>: three numbers each, the epoch first. They
/// decide whether a value that a client has kept was given in the history of this database.
/// </summary>
public static class EndedEpochs
{
    /// <summary>Parses the epochs of an account: <c>epoch:sequence:nextCounter</c>.</summary>
    public static ImmutableArray<EndedEpoch> OfAccount(string text) => [.. Read(text).Select(one => new EndedEpoch(one[0], one[1], (ulong)one[2]))];

    /// <summary>Parses the epochs of the feed of all accounts: <c>epoch:transaction:row</c>, the last position of each.</summary>
    public static ImmutableArray<GlobalPosition> OfAll(string text) => [.. Read(text).Select(one => new GlobalPosition(one[1], one[2], one[0]))];

    /// <summary>Returns the text with one more position.</summary>
    public static string And(string text, GlobalPosition end) => string.Create(CultureInfo.InvariantCulture, $"{text} {end.Epoch}:{end.Transaction}:{end.Row}").TrimStart();

    /// <summary>Parses the entries. A damaged entry is left out: what was given in its epoch counts as lost.</summary>
    private static IEnumerable<long[]> Read(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select(entry => entry.Split(':').Select(number => long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : -1).ToArray())
        .Where(entry => entry.Length == 3 && entry.All(number => number >= 0));
}
