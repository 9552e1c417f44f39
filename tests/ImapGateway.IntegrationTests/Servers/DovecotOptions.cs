namespace ImapGateway.IntegrationTests.Servers;

/// <summary>What a Dovecot advertises. The capability line decides nothing else: the server still does what it does not advertise, so a test must look at what the client sent.</summary>
public enum DovecotProfile
{
    /// <summary>All Dovecot can do: QRESYNC (tier A), NOTIFY, ACL, quota, SPECIAL-USE.</summary>
    Full,

    /// <summary>CONDSTORE without QRESYNC and NOTIFY (tier B).</summary>
    CondstoreOnly,

    /// <summary>Neither (tier C), and no SPECIAL-USE, ESEARCH, MOVE, LIST-STATUS, namespaces of others.</summary>
    Plain,
}

public sealed record DovecotOptions
{
    public DovecotProfile Profile { get; init; }

    /// <summary>The whole capability line, where no profile fits.</summary>
    public string? Capabilities { get; init; }

    public bool UidPlus { get; init; } = true;

    /// <summary>Between the levels of a path, in every namespace.</summary>
    public char Separator { get; init; } = '/';

    /// <summary>Of the inbox's namespace, e.g. <c>INBOX.</c></summary>
    public string Prefix { get; init; } = "";

    /// <summary>A namespace with virtual mailboxes: <c>Virtual/All</c> and <c>Virtual/Flagged</c> show the messages of the inbox and of Archive.</summary>
    public bool Virtual { get; init; }

    /// <summary>Everybody may make mailboxes below <c>Public</c>. Everybody sees them, so a server that tests share has none.</summary>
    public bool Public { get; init; }

    /// <summary>How many can be logged in at once, over all users.</summary>
    public int MaxConnections { get; init; } = 4_000;

    public int MaxConnectionsPerUser { get; init; } = 20_000;

    /// <summary>Mail in Maildir++ instead of sdbox.</summary>
    public bool Maildir { get; init; }

    /// <summary>A process serves many connections that are in IDLE.</summary>
    public bool Hibernates { get; init; }

    /// <summary>What each user may store.</summary>
    public string Quota { get; init; } = "storage=4G";

    /// <summary>STARTTLS on the plain port and the implicit TLS port.</summary>
    public bool Tls { get; init; } = true;

    internal string? CapabilityLine => Capabilities ?? Profile switch
    {
        DovecotProfile.CondstoreOnly => "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE CHILDREN UNSELECT LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE ESEARCH MOVE QUOTA ACL RIGHTS=texk"
            + (UidPlus ? " UIDPLUS" : ""),
        DovecotProfile.Plain => "IMAP4rev1 IDLE NAMESPACE" + (UidPlus ? " UIDPLUS" : ""),
        _ when !UidPlus => throw new InvalidOperationException("A server without UIDPLUS needs a reduced profile."),
        _ => null,
    };
}
