using System.Globalization;
using System.Text.RegularExpressions;

namespace ImapGateway.Changes;

/// <summary>
/// The position of a reader in a feed, in the form that clients keep; it is opaque to them. It names the feed, the incarnation and the epoch. So a position of another feed, or one that was kept
/// over the loss of the database or of its latest changes, differs from one that is only old. The first epoch, 0, is not written.
/// </summary>
/// <param name="IsGlobal">True for the feed of all accounts.</param>
/// <param name="Incarnation">The incarnation of the account, or of the store.</param>
/// <param name="Place">The place in the feed. For an account it has the epoch, and the sequence number as the row.</param>
public sealed partial record FeedPosition(bool IsGlobal, string Incarnation, GlobalPosition Place)
{
    /// <summary>Returns the position after all changes of the account up to this sequence number.</summary>
    public static string OfAccount(string incarnation, long sequence, long epoch = 0) => string.Create(CultureInfo.InvariantCulture, $"a_{incarnation}{Text(epoch)}_{sequence}");

    /// <summary>Returns the position after all changes of all accounts up to this place.</summary>
    public static string OfAll(string incarnation, GlobalPosition place) => string.Create(CultureInfo.InvariantCulture, $"g_{incarnation}{Text(place.Epoch)}_{place.Transaction}_{place.Row}");

    /// <summary>Parses a position. Returns null for a text that none of the methods above can have made.</summary>
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

    /// <summary>Parses a number. Returns 0 if it is absent, null if it is too large.</summary>
    private static long? Number(Group group) =>
        !group.Success ? 0 : long.TryParse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    [GeneratedRegex(
        @"^(a_(?<incarnation>[a-z2-7]{8})(_(?<epoch>[1-9][0-9]{0,18}))?|g_(?<incarnation>[a-z2-7]{8})(_(?<epoch>[1-9][0-9]{0,18}))?_(?<transaction>0|[1-9][0-9]{0,18}))_(?<row>0|[1-9][0-9]{0,18})\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
