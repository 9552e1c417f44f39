using System.Globalization;
using System.Text.RegularExpressions;

namespace ImapGateway.Changes;

/// <summary>
/// Where a reader is in a feed, as clients keep it: opaque to them. It names the feed, and the incarnation and the epoch it belongs to, so that one taken elsewhere, or kept over the
/// loss of the database or of its latest changes, is told apart from one that is only old. The first epoch, 0, is not written.
/// </summary>
/// <param name="IsGlobal">Of the feed of all accounts.</param>
/// <param name="Incarnation">Of the account, or of the store.</param>
/// <param name="Place">Of an account: its epoch, and its sequence as the row.</param>
public sealed partial record FeedPosition(bool IsGlobal, string Incarnation, GlobalPosition Place)
{
    /// <summary>All changes of the account up to this sequence have been read.</summary>
    public static string OfAccount(string incarnation, long sequence, long epoch = 0) => string.Create(CultureInfo.InvariantCulture, $"a_{incarnation}{Text(epoch)}_{sequence}");

    /// <summary>All changes of all accounts up to this place have been read.</summary>
    public static string OfAll(string incarnation, GlobalPosition place) => string.Create(CultureInfo.InvariantCulture, $"g_{incarnation}{Text(place.Epoch)}_{place.Transaction}_{place.Row}");

    /// <summary>Null for what none of the above can have made.</summary>
    public static FeedPosition? Parse(string text)
    {
        if (Form().Match(text) is not { Success: true } match
            || Number(match.Groups["epoch"]) is not { } epoch || Number(match.Groups["transaction"]) is not { } transaction || Number(match.Groups["row"]) is not { } row)
        {
            return null;
        }
        return new FeedPosition(match.Groups["transaction"].Success, match.Groups["incarnation"].Value, new GlobalPosition(transaction, row, epoch));
    }

    private static string Text(long epoch) => epoch == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"_{epoch}");

    /// <summary>0 where it is absent; null where it is too large.</summary>
    private static long? Number(Group group) =>
        !group.Success ? 0 : long.TryParse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    [GeneratedRegex(
        @"^(a_(?<incarnation>[a-z2-7]{8})(_(?<epoch>[1-9][0-9]{0,18}))?|g_(?<incarnation>[a-z2-7]{8})(_(?<epoch>[1-9][0-9]{0,18}))?_(?<transaction>0|[1-9][0-9]{0,18}))_(?<row>0|[1-9][0-9]{0,18})\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
