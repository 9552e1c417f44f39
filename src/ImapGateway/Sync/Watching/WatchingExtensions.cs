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
    /// <summary>Which accounts must not be opened.</summary>
    public OpeningNotes Openings => openings;

    /// <param name="account">Its id, for the log.</param>
    /// <param name="incarnation">What its notes are kept by.</param>
    /// <param name="opener">The one that the account's pool logs in by.</param>
    public Watcher New(string account, string incarnation, AccountMailboxes mailboxes, SessionOpener opener, WatchScope scope, IWatchObserver observer) =>
        new(account, mailboxes, new WatchSettings(opener, scope, options.Value, ramp, openings.Of(incarnation), loops, time), observer, log);
}
