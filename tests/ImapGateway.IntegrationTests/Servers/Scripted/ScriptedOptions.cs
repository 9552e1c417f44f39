namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>How a <see cref="ScriptedImapServer"/> behaves. The default is a small, correct IMAP4rev1 server.</summary>
public sealed record ScriptedOptions
{
    public const string Modest = "IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN ID NAMESPACE CHILDREN UNSELECT IDLE UIDPLUS MOVE";

    /// <summary>What is advertised decides what is done: XLIST, SPECIAL-USE, LIST-STATUS, ESEARCH, CONDSTORE, OBJECTID, X-GM-EXT-1 work if they stand here.</summary>
    public string Capabilities { get; init; } = Modest;

    /// <summary>What is advertised before TLS; with STARTTLS among it the server takes that command. Null: the same as in TLS.</summary>
    public string? CapabilitiesInClear { get; init; }

    /// <summary>The first line, without its end; null: the connection is accepted and nothing is ever said. BYE closes it.</summary>
    public string? Greeting { get; init; } = "* OK ready";

    public string Password { get; init; } = "pass";

    /// <summary>The answer to every login, e.g. <c>NO [THROTTLED] slow down</c>; null: judged by the password.</summary>
    public string? LoginAnswer { get; init; }

    /// <summary>From this many open connections on, a login gets <see cref="LimitAnswer"/>.</summary>
    public int MaxConnections { get; init; } = int.MaxValue;

    public string LimitAnswer { get; init; } = "NO [LIMIT] Maximum number of connections from user+IP exceeded";

    /// <summary>After this many commands of a connection the server hears but answers no more.</summary>
    public int SilentAfter { get; init; } = int.MaxValue;

    /// <summary>Some servers leave UIDNEXT out of SELECT.</summary>
    public bool SelectTellsUidNext { get; init; } = true;

    /// <summary>Some servers say NO where BAD is right (RFC 9051 section 7.1.3).</summary>
    public bool SaysNoToUnknownCommands { get; init; }

    /// <summary>The one modification sequence of every message and mailbox: 0 and -1 are seen in the field.</summary>
    public long? OnlyModSeq { get; init; }

    /// <summary>The order in which a FETCH answers its items, the UID among them; null: as they were asked for, with the UID first.</summary>
    public Func<IEnumerable<string>, IEnumerable<string>>? ItemOrder { get; init; }

    public char Delimiter { get; init; } = '/';

    public bool Has(string capability) => Capabilities.Split(' ').Contains(capability, StringComparer.OrdinalIgnoreCase);
}
