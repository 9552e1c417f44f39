using ImapGateway.Background;
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
        builder.Services.AddSingleton<OpeningNotes>();
        builder.Services.AddSingleton<IStartupStep>(services => services.GetRequiredService<OpeningNotes>());
        builder.Services.AddSingleton<WatcherFactory>();
    }
}

/// <summary>Makes watchers that share one ramp of logins.</summary>
public sealed class WatcherFactory(IOptions<WatchOptions> options, LoginRamp ramp, OpeningNotes openings, Loops loops, TimeProvider time, ILogger<Watcher> log)
{
    /// <summary>The notes about accounts that must not be opened.</summary>
    public OpeningNotes Openings => openings;

    /// <param name="account">The id of the account, for the log.</param>
    /// <param name="incarnation">The key of the account's notes.</param>
    /// <param name="opener">The opener with which the account's pool logs in.</param>
    public Watcher New(string account, string incarnation, AccountMailboxes mailboxes, SessionOpener opener, WatchScope scope, IWatchObserver observer) =>
        new(account, mailboxes, new WatchSettings(opener, scope, options.Value, ramp, openings.Of(incarnation), loops, time), observer, log);
}
