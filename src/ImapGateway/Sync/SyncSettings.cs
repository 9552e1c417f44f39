using ImapGateway.Background;

namespace ImapGateway.Sync;

/// <summary>What the mailboxes of all accounts share.</summary>
/// <param name="MoveWindow">See <see cref="Watching.WatchOptions.MoveWindow"/>.</param>
/// <param name="Loops">Where the background work of accounts is reported.</param>
/// <param name="Log">For what is found out about mailboxes.</param>
public sealed record SyncSettings(TimeSpan MoveWindow, Loops Loops, ILogger Log);
