using ImapGateway.Background;

namespace ImapGateway.Sync;

/// <summary>The settings and services that the mailboxes of all accounts share.</summary>
/// <param name="MoveWindow">The time to wait for the other half of a move, see <see cref="Watching.WatchOptions.MoveWindow"/>.</param>
/// <param name="Loops">The registry that background work of accounts reports to.</param>
/// <param name="Log">The log for findings about mailboxes.</param>
public sealed record SyncSettings(TimeSpan MoveWindow, Loops Loops, ILogger Log);
