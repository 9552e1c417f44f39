using ImapGateway.Background;
using ImapGateway.Imap;

namespace ImapGateway.Sync.Watching;

/// <summary>What a watcher is to do, and with what.</summary>
/// <param name="Opener">The account's, shared with its pool: turns, backoff and what is known of the credentials are the same.</param>
public sealed record WatchSettings(SessionOpener Opener, WatchScope Scope, WatchOptions Options, LoginRamp Ramp, OpeningNotes.Opening Opening, Loops Loops, TimeProvider Time)
{
    /// <summary>Of this account's connections.</summary>
    public IdleLimit Idle { get; } = new(Time);
}
