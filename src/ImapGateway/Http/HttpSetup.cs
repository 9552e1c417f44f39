using ImapGateway.Access;
using ImapGateway.Background;
using ImapGateway.Responses;
using ImapGateway.Settings;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace ImapGateway.Http;

public static class HttpSetup
{
    /// <summary>Bodies of more octets are 413; a route that takes more says so with <see cref="Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute"/> as metadata.</summary>
    public const int MaxRequestBody = 1024 * 1024;

    /// <summary>What is left for everything else when the requests have used up their time to stop.</summary>
    private static readonly TimeSpan AccountsTime = TimeSpan.FromSeconds(10);

    /// <summary>Shows proxies that a WebSocket lives, and the gateway that somebody is there.</summary>
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(30);

    /// <summary>After AddStorage: the admin key is made once the data directory is ours.</summary>
    public static void AddHttp(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxRequestBody;
        });
        // It writes whole addresses, and their queries hold what people search their mail for.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        // Both log the stack trace of a start that failed, which RunValidatedAsync reports in one line.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        services.PostConfigure<LoggerFilterOptions>(KeepCriticalOfKestrelQuiet);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Loops>();
        services.AddHostedService<UnobservedFailures>();
        services.ConfigureHttpJsonOptions(StrictJson.Configure);
        // Else a malformed request is an empty 400 that says nothing.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);

        builder.AddSettings<AuthOptions>("Auth");
        services.AddSingleton<AdminKey>();
        services.AddSingleton<IStartupStep>(provider => provider.GetRequiredService<AdminKey>());
        services.AddSingleton<CallerLookup>();
        services.AddSingleton<Credentials>();

        builder.AddSettings<CorsOptions>("Cors");
        services.AddCors();
        services.AddOptions<Microsoft.AspNetCore.Cors.Infrastructure.CorsOptions>()
            .Configure<IOptions<CorsOptions>>((cors, own) => cors.AddDefaultPolicy(own.Value.ToPolicy()));

        builder.AddSettings<HttpOptions>("Http");
        services.AddSingleton<Drain>();
        services.AddSingleton(provider => new AnswerCache(provider.GetRequiredService<IOptions<HttpOptions>>().Value.AnswerBytes));
        services.AddSingleton<AnswerGuards>();
        // First the requests, then the accounts take their leave of the mail servers.
        services.AddOptions<HostOptions>().Configure<IOptions<HttpOptions>>((host, drain) => host.ShutdownTimeout = drain.Value.DrainTime + AccountsTime);

        services.AddSingleton<IdempotencyStore>();
        services.AddHostedService<IdempotencyPurgeWorker>();
    }

    /// <summary>"Unable to start Kestrel" is its only critical event. All other levels stay as they are configured.</summary>
    private static void KeepCriticalOfKestrelQuiet(LoggerFilterOptions options)
    {
        const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel";
        var configured = options.Rules.Where(rule => rule.ProviderName is null && Kestrel.StartsWith(rule.CategoryName ?? "", StringComparison.OrdinalIgnoreCase))
            .MaxBy(rule => rule.CategoryName?.Length ?? 0)?.LogLevel;
        options.Rules.Add(new LoggerFilterRule(null, Kestrel, configured ?? options.MinLevel, (_, category, level) => category != Kestrel || level != LogLevel.Critical));
    }

    /// <summary>First in the pipeline. Preflights need no key (CORS), unknown paths below /v1 do, and nothing is parsed for somebody who has none.</summary>
    public static void UseHttp(this WebApplication app)
    {
        app.UseMiddleware<DrainMiddleware>();
        app.UseMiddleware<ProblemMiddleware>();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = PingInterval, KeepAliveTimeout = PingTimeout });
        app.UseRouting();
        app.UseCors();
        app.UseMiddleware<KeyMiddleware>();
        app.UseMiddleware<KnownAnswerMiddleware>();
        app.UseMiddleware<StrictRequestMiddleware>();
        app.UseMiddleware<IdempotencyMiddleware>();
    }
}
