using ImapGateway.Background;
using ImapGateway.Imap;

namespace ImapGateway.Sync.Watching;

/// <summary>The settings and services of a watcher.</summary>
/// <param name="Opener">The account's opener, shared with its pool: locks, backoff and what is known of the credentials are the same.</param>
public sealed record WatchSettings(SessionOpener Opener, WatchScope Scope, WatchOptions Options, LoginRamp Ramp, OpeningNotes.Opening Opening, Loops Loops, TimeProvider Time)
{
    /// <summary>The idle limit of this account's connections.</summary>
    public IdleLimit Idle { get; } = new(Time);
}
