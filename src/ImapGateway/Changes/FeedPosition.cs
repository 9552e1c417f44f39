using System.Globalization;
using System.Text.RegularExpressions;

namespace ImapGateway.Changes;

/// <summary>
/// Where a reader is in a feed, as clients keep it: opaque to them. It names the feed and the incarnation it belongs to, so that one taken elsewhere, or kept over the
/// loss of the database, is told apart from one that is only old.
/// </summary>
/// <param name="IsGlobal">Of the feed of all accounts.</param>
/// <param name="Incarnation">Of the account, or of the store.</param>
/// <param name="Place">Of an account: its sequence alone.</param>
public sealed partial record FeedPosition(bool IsGlobal, string Incarnation, GlobalPosition Place)
{
    /// <summary>All changes of the account up to this sequence have been read.</summary>
    public static string OfAccount(string incarnation, long sequence) => string.Create(CultureInfo.InvariantCulture, $"a_{incarnation}_{sequence}");

    /// <summary>All changes of all accounts up to this place have been read.</summary>
    public static string OfAll(string incarnation, GlobalPosition place) => string.Create(CultureInfo.InvariantCulture, $"g_{incarnation}_{place.Transaction}_{place.Row}");

    /// <summary>Null for what none of the above can have made.</summary>
    public static FeedPosition? Parse(string text)
    {
        if (Form().Match(text) is not { Success: true } match
            || !long.TryParse(match.Groups["last"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var last))
        {
            return null;
        }
        var transaction = 0L;
        var isGlobal = match.Groups["first"].Success;
        return !isGlobal || long.TryParse(match.Groups["first"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out transaction)
            ? new FeedPosition(isGlobal, match.Groups["incarnation"].Value, new GlobalPosition(transaction, last))
            : null;
    }

    [GeneratedRegex(@"^(a_(?<incarnation>[a-z2-7]{8})|g_(?<incarnation>[a-z2-7]{8})_(?<first>0|[1-9][0-9]{0,18}))_(?<last>0|[1-9][0-9]{0,18})\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
