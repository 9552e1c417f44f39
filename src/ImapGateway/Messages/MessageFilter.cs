using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;

namespace ImapGateway.Messages;

/// <summary>Selects the messages of a mailbox that a list shows; all given conditions must hold. An empty text is contained in everything.</summary>
/// <param name="Flag">The flags that the message has.</param>
/// <param name="NotFlag">The flags that the message does not have.</param>
/// <param name="From">A text that the sender's name or address contains, without regard to case.</param>
/// <param name="MessageId">The Message-ID header, with or without angle brackets.</param>
/// <param name="Since">The time from which the message was received.</param>
/// <param name="Before">The time before which the message was received.</param>
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
    public bool HasFlags => Unseen is not null || Flagged is not null || Flag is not null || NotFlag is not null;

    /// <summary>True if the mail server must be asked which messages match.</summary>
    public bool NeedsSearch => Texts.Any() || Since is not null || Before is not null;

    /// <summary>True if headers can exclude messages that the server or the index admits.</summary>
    public bool NeedsHeaders => HasAttachments is not null || Since is not null || Before is not null || !string.IsNullOrEmpty(MessageId);

    /// <summary>The texts to find in headers, by the name of the parameter.</summary>
    public IEnumerable<(string Name, string Text)> Texts =>
        new[] { ("from", From), ("to", To), ("subject", Subject), ("messageId", BareMessageId) }.Where(text => !string.IsNullOrEmpty(text.Item2)).Select(text => (text.Item1, text.Item2!));

    private string? BareMessageId => MessageId is null ? null : MessageIds.Bare(MessageId) ?? MessageId;

    /// <exception cref="ProblemException">400 for an invalid flag, or a text that cannot be searched for.</exception>
    public void Validate()
    {
        var errors = new RequestErrors();
        foreach (var (name, flags) in new[] { ("flag", Flag), ("notFlag", NotFlag) })
        {
            foreach (var refusal in (flags ?? []).Select(FlagMapping.Mistake).OfType<string>())
            {
                errors.Parameter(name, refusal);
            }
        }
        foreach (var (name, _) in Texts.Where(text => !InputText.IsPlain(text.Text)))
        {
            errors.Parameter(name, InputText.Expectation);
        }
        errors.ThrowIfAny();
    }

    /// <summary>True if the message matches the conditions that the index alone decides.</summary>
    public bool Admits(IndexRow row) =>
        (Unseen is null || row.Flags.Contains(Flags.Seen) != Unseen)
        && (Flagged is null || row.Flags.Contains(Flags.Flagged) == Flagged)
        && (Flag is null || Array.TrueForAll(Flag, row.Flags.Contains))
        && (NotFlag is null || !Array.Exists(NotFlag, row.Flags.Contains));

    /// <summary>True if the message matches the conditions that only headers decide: SEARCH has a precision of days, in the server's time zone.</summary>
    public bool Admits(MessageHeaders headers) =>
        (Since is null || (headers.ReceivedAt ?? DateTimeOffset.UnixEpoch) >= Since)
        && (Before is null || (headers.ReceivedAt ?? DateTimeOffset.UnixEpoch) < Before)
        && (string.IsNullOrEmpty(MessageId) || headers.MessageId == BareMessageId)
        && (HasAttachments is null || headers.HasFiles == HasAttachments);

    /// <summary>True if the message contains the texts. The server decides this if it can search for such text.</summary>
    public bool AdmitsText(MessageHeaders headers) =>
        Contains(headers.From, From) && Contains(headers.To, To) && (string.IsNullOrEmpty(Subject) || Contains(headers.Subject, Subject));

    private static bool Contains(IEnumerable<EmailAddress> addresses, string? text) =>
        string.IsNullOrEmpty(text) || addresses.Any(one => Contains($"{one.Name} <{one.Address}>", text) || Contains(one.Address, text));

    private static bool Contains(string? whole, string text) => whole is not null && whole.Contains(text, StringComparison.OrdinalIgnoreCase);

    /// <summary>Returns a text that is equal exactly where the filters are. Cursors are bound to it.</summary>
    public string Fingerprint() => System.Text.Json.JsonSerializer.Serialize(this);
}
