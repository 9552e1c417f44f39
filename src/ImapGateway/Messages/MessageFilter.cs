using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Messages;

/// <summary>Which messages of a mailbox a list shows; all that are given must hold.</summary>
/// <param name="Flag">Has each of these flags.</param>
/// <param name="NotFlag">Has none of these flags.</param>
/// <param name="From">Name or address contains it, without case.</param>
/// <param name="MessageId">The Message-ID header, with or without angle brackets.</param>
/// <param name="Since">Received at this instant or later.</param>
/// <param name="Before">Received before this instant.</param>
[GenerateSerializer, Immutable]
public sealed record MessageFilter(
    bool? Unseen = null,
    bool? Flagged = null,
    string[]? Flag = null,
    string[]? NotFlag = null,
    string? From = null,
    string? To = null,
    string? Subject = null,
    string? MessageId = null,
    DateTimeOffset? Since = null,
    DateTimeOffset? Before = null,
    bool? HasAttachments = null)
{
    /// <summary>The mail server must be asked which messages these are.</summary>
    public bool NeedsSearch => From is not null || To is not null || Subject is not null || MessageId is not null || Since is not null || Before is not null;

    /// <summary>What the index alone decides.</summary>
    public bool Admits(IndexRow row) =>
        (Unseen is null || row.Flags.Contains(Flags.Seen) != Unseen)
        && (Flagged is null || row.Flags.Contains(Flags.Flagged) == Flagged)
        && (Flag is null || Array.TrueForAll(Flag, row.Flags.Contains))
        && (NotFlag is null || !Array.Exists(NotFlag, row.Flags.Contains));

    /// <summary>What only the headers decide: SEARCH knows days, and in the server's time zone.</summary>
    public bool Admits(MessageHeaders headers) =>
        (Since is null || headers.ReceivedAt >= Since)
        && (Before is null || headers.ReceivedAt < Before)
        && (HasAttachments is null || headers.Parts.Any(part => part.IsAttachment) == HasAttachments);

    /// <summary>Equal exactly where the filters are; cursors are bound to it.</summary>
    public string Fingerprint() => System.Text.Json.JsonSerializer.Serialize(this);
}
