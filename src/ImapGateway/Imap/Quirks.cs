using System.Collections.Immutable;
using ImapGateway.Mail;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>An extension that the mail server advertises, or a command that every server must have, that it refuses.</summary>
/// <param name="Name" example="LIST-STATUS">The capability or the command, as the protocol writes it.</param>
/// <param name="Since">The time of the refusal. The gateway tries it again a day later.</param>
/// <param name="Detail" example="Refused with: BAD syntax error">The response or event that showed this.</param>
[GenerateSerializer, Immutable]
public sealed record Quirk(string Name, DateTimeOffset Since, string Detail);

/// <summary>
/// Records what the mail server of an account advertises but refuses. All connections of the account avoid it for a day; then the next one tries it again. May be used on any thread.
/// </summary>
/// <param name="learnt">The quirks learned before the gateway was started.</param>
public sealed class Quirks(TimeProvider time, ImmutableArray<Quirk> learnt)
{
    /// <summary>The command LSUB (RFC 3501 section 6.3.9), which no capability announces. Without it every mailbox is shown as subscribed.</summary>
    public const string Subscriptions = "LSUB";

    /// <summary>The command LIST (RFC 3501 section 6.3.8), whose answer cannot be read in full.</summary>
    public const string Listing = "LIST";

    /// <summary>The SEARCH for text outside of ASCII (RFC 3501 section 6.4.4).</summary>
    public const string SearchUtf8 = "CHARSET UTF-8";

    /// <param name="server">The name by which the server identifies itself; null if it does not.</param>
    public static bool IsDovecot(string? server) => server?.Contains("Dovecot", StringComparison.OrdinalIgnoreCase) == true;

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    private readonly Lock _lock = new();
    private ImmutableArray<Quirk> _known = learnt;

    /// <summary>The commands that end connections because of single mailboxes.</summary>
    public FatalCommands Fatal { get; } = new(time);

    /// <summary>Called after a quirk was learned, on any thread.</summary>
    public Action<Quirk>? Learnt { get; set; }

    /// <summary>The known quirks by name, without those that are to be tried again.</summary>
    public ImmutableArray<Quirk> Known => [.. _known.Where(IsValid).OrderBy(quirk => quirk.Name, StringComparer.Ordinal)];

    /// <summary>The extensions that are not used.</summary>
    public ImapCapabilities Refused => _known.IsEmpty ? ImapCapabilities.None : Known.Aggregate(ImapCapabilities.None, static (all, quirk) => all | CapabilityNames.Find(quirk.Name));

    public bool Has(string name) => _known.Any(quirk => quirk.Name == name && IsValid(quirk));

    /// <summary>Records a quirk, so that the extension is not used for a day.</summary>
    public void Learn(string name, string detail)
    {
        var quirk = new Quirk(name, time.GetUtcNow(), detail);
        lock (_lock)
        {
            if (Has(name))
            {
                return;
            }
            _known = [.. _known.Where(IsValid), quirk];
        }
        Learnt?.Invoke(quirk);
    }

    /// <summary>Describes a refusal: the response text of the server, with secrets removed.</summary>
    public static string DetailOf(Problem refusal) => refusal.Upstream?.Text is { Length: > 0 } words ? $"The mail server has refused it: {words}" : "The mail server has refused it.";

    /// <summary>
    /// True if the server has refused the command as such. A response code (RFC 5530), or response text with the same meaning, shows that the refusal is due to the mailbox, to the rights of the
    /// account or to a temporary state.
    /// </summary>
    public static bool IsOfCommand(Problem refusal) => refusal.Code is ErrorCode.AccountDenied or ErrorCode.AccountProtocol && refusal.Upstream?.Code is null or "BADCHARSET";

    private bool IsValid(Quirk quirk) => time.GetUtcNow() - quirk.Since < Lifetime;
}
