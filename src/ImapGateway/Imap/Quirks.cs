using System.Collections.Immutable;
using ImapGateway.Mail;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>Something that the mail server advertises, or that every server must have, and that it refuses.</summary>
/// <param name="Name" example="LIST-STATUS">The capability as it is on the wire, or the command.</param>
/// <param name="Since">When it was refused. It is tried again a day later.</param>
/// <param name="Detail" example="Refused with: BAD syntax error">How that was noticed.</param>
[GenerateSerializer, Immutable]
public sealed record Quirk(string Name, DateTimeOffset Since, string Detail);

/// <summary>
/// What the mail server of an account advertises and refuses. All connections of the account do without it for a day; then the next one tries it again. May be used on any thread.
/// </summary>
/// <param name="learnt">Before the gateway was started.</param>
public sealed class Quirks(TimeProvider time, ImmutableArray<Quirk> learnt)
{
    /// <summary>LSUB (RFC 3501 section 6.3.9), which no capability tells of. Without it every mailbox is shown as subscribed.</summary>
    public const string Subscriptions = "LSUB";

    /// <summary>SEARCH for text outside of ASCII (RFC 3501 section 6.4.4).</summary>
    public const string SearchUtf8 = "CHARSET UTF-8";

    /// <param name="server">The name by which the server identifies itself; null: it does not.</param>
    public static bool IsDovecot(string? server) => server?.Contains("Dovecot", StringComparison.OrdinalIgnoreCase) == true;

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    private readonly Lock _lock = new();
    private ImmutableArray<Quirk> _known = learnt;

    /// <summary>Commands that end connections because of single mailboxes.</summary>
    public FatalCommands Fatal { get; } = new(time);

    /// <summary>Called after something was learnt, on any thread.</summary>
    public Action<Quirk>? Learnt { get; set; }

    /// <summary>By name; what is to be tried again is not among them.</summary>
    public ImmutableArray<Quirk> Known => [.. _known.Where(IsValid).OrderBy(quirk => quirk.Name, StringComparer.Ordinal)];

    /// <summary>The extensions that are done without.</summary>
    public ImapCapabilities Refused => _known.IsEmpty ? ImapCapabilities.None : Known.Aggregate(ImapCapabilities.None, static (all, quirk) => all | CapabilityNames.Find(quirk.Name));

    public bool Has(string name) => _known.Any(quirk => quirk.Name == name && IsValid(quirk));

    /// <summary>Does without it for a day.</summary>
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

    /// <summary>How a refusal is shown: the words of the server, secrets removed.</summary>
    public static string DetailOf(Problem refusal) => refusal.Upstream?.Text is { Length: > 0 } words ? $"The mail server has refused it: {words}" : "The mail server has refused it.";

    /// <summary>
    /// The server has refused the command as such. A response code (RFC 5530), or words that mean the same, say that the refusal is due to the mailbox, to the rights of the account or to the moment.
    /// </summary>
    public static bool IsOfCommand(Problem refusal) => refusal.Code is ErrorCode.AccountDenied or ErrorCode.AccountProtocol && refusal.Upstream?.Code is null or "BADCHARSET";

    private bool IsValid(Quirk quirk) => time.GetUtcNow() - quirk.Since < Lifetime;
}
