using ImapGateway.Imap;
using ImapGateway.Settings;
using Microsoft.Extensions.Options;

namespace ImapGateway.Sync.Watching;

public static class WatchingExtensions
{
    public static void AddWatching(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<WatchOptions>("Watch");
        builder.Services.AddSingleton<LoginRamp>();
        builder.Services.AddSingleton<WatcherFactory>();
    }
}

/// <summary>Makes watchers that share one ramp of logins.</summary>
public sealed class WatcherFactory(IOptions<WatchOptions> options, LoginRamp ramp, TimeProvider time, ILogger<Watcher> log)
{
    /// <param name="account">Its id, for the log.</param>
    /// <param name="opener">The one that the account's pool logs in by.</param>
    public Watcher New(string account, AccountMailboxes mailboxes, SessionOpener opener, WatchScope scope, IWatchObserver observer) =>
        new(account, mailboxes, new WatchSettings(opener, scope, options.Value, ramp, time), observer, log);
}
