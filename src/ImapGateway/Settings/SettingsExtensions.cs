using System.Data.Common;
using ImapGateway.Mail;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.Options;

namespace ImapGateway.Settings;

public static class SettingsExtensions
{
    /// <summary>
    /// Registers a section as <see cref="IOptions{TOptions}"/>. <see cref="RunValidatedAsync"/> reports its mistakes together with those of all other sections; earlier access to the options
    /// throws a <see cref="StartupException"/>.
    /// </summary>
    /// <param name="builder">The builder of the host.</param>
    /// <param name="section">The name of the section; empty for keys at the root.</param>
    public static IHostApplicationBuilder AddSettings<TOptions>(this IHostApplicationBuilder builder, string section)
        where TOptions : class, ISettings, new()
    {
        builder.Services.AddSingleton(new SettingsSection(section, () => new TOptions()));
        builder.Services.AddOptions<TOptions>().Configure<IConfiguration>((options, configuration) =>
        {
            var reader = new SettingsReader();
            reader.Read(options, SettingsSection.Find(configuration, section));
            ThrowIfAny(reader.Mistakes);
        });
        return builder;
    }

    /// <summary>Reports every mistake of every section at once.</summary>
    /// <exception cref="StartupException">There is a mistake.</exception>
    public static void ValidateSettings(this IServiceProvider services)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        var reader = new SettingsReader();
        foreach (var section in services.GetServices<SettingsSection>())
        {
            reader.Read(section.Defaults(), SettingsSection.Find(configuration, section.Name));
        }
        ThrowIfAny(reader.Mistakes);
    }

    /// <summary>Refuses a name at the root that nothing reads, such as "DataDirectry". Otherwise it would be ignored silently.</summary>
    private static void RefuseUnknownNames(IServiceProvider services)
    {
        var known = SettingNames.Of(services.GetServices<SettingsSection>());
        ThrowIfAny(SettingNames.Written((IConfigurationRoot)services.GetRequiredService<IConfiguration>()).Where(name => !known.Contains(name))
            .Select(name => $"{name}: is not a setting; there are {string.Join(", ", SettingNames.OfGateway(services.GetServices<SettingsSection>()).Order(StringComparer.Ordinal))}"));
    }

    /// <summary>Validates the settings, runs the startup steps, and runs the host until it is stopped.</summary>
    /// <returns>The exit code: 0 after a requested stop, <see cref="FatalFault.ExitCode"/> after a failure of a background service.</returns>
    /// <exception cref="StartupException">The operator must correct something first.</exception>
    public static async Task<int> RunValidatedAsync(this WebApplication app)
    {
        await using (app)
        {
            try
            {
                RefuseUnknownNames(app.Services);
                app.Services.ValidateSettings();
                foreach (var step in app.Services.GetServices<IStartupStep>())
                {
                    await RunAsync(step, app.Lifetime.ApplicationStopping);
                }
                await app.StartListeningAsync();
                await app.WaitForShutdownAsync();
            }
            catch (ProblemException failure)
            {
                // A step of the start needs something that cannot be used now, such as a damaged database.
                throw new StartupException(failure.Problem.Detail);
            }
            catch (Exception failure) when (failure is OperationCanceledException or OrleansLifecycleCanceledException && app.Lifetime.ApplicationStopping.IsCancellationRequested)
            {
                // The host was stopped while it was starting.
            }
            return HasFailed(app) ? FatalFault.ExitCode : 0;
        }
    }

    /// <summary>Runs a step. If a disk or a database refuses something at the start, the operator must correct it: it is full, read-only, or belongs to another user.</summary>
    private static async Task RunAsync(IStartupStep step, CancellationToken cancel)
    {
        try
        {
            await step.RunAsync(cancel);
        }
        catch (Exception failure) when (failure.GetBaseException() is IOException or UnauthorizedAccessException or DbException)
        {
            throw new StartupException(failure.GetBaseException().Message);
        }
    }

    /// <summary>Starts the web server last. If it cannot listen, the running services are stopped in order.</summary>
    private static async Task StartListeningAsync(this WebApplication app)
    {
        try
        {
            await app.StartAsync();
        }
        catch (Exception failure) when (ListenFault.Describe(failure, app.Configuration["urls"]) is { } reason)
        {
            await app.StopAsync();
            throw new StartupException(reason);
        }
    }

    /// <summary>True if a background service has failed. A background service that ends by an exception stops the host like a requested stop.</summary>
    private static bool HasFailed(WebApplication app) => app.Services.GetServices<IHostedService>().OfType<BackgroundService>().Any(service => service.ExecuteTask is { IsFaulted: true });

    private static void ThrowIfAny(IEnumerable<string> mistakes)
    {
        if (mistakes.ToList() is { Count: > 0 } lines)
        {
            throw new StartupException([.. lines]);
        }
    }
}

/// <summary>The names at the root of the configuration.</summary>
internal static class SettingNames
{
    /// <summary>The names read by .NET (the host, its web server and its log) and by Orleans.</summary>
    private static readonly string[] OfDotNet =
    [
        "AllowedHosts", "ApplicationName", "CaptureStartupErrors", "ContentRoot", "DetailedErrors", "DisableDefaultExceptionHandlers", "Environment", "ForwardedHeaders_Enabled", "HostBuilder",
        "HostingStartupAssemblies", "HostingStartupExcludeAssemblies", "Http_Ports", "Https_Port", "Https_Ports", "Kestrel", "Logging", "Orleans", "PreferHostingUrls", "PreventHostingStartup",
        "ServicesStartConcurrently", "ServicesStopConcurrently", "ShutdownTimeoutSeconds", "StaticWebAssets", "SuppressStatusMessages", "Urls", "WebRoot",
    ];

    public static HashSet<string> Of(IEnumerable<SettingsSection> sections) => OfGateway(sections).Concat(OfDotNet).ToHashSet(StringComparer.OrdinalIgnoreCase);

    public static IEnumerable<string> OfGateway(IEnumerable<SettingsSection> sections) =>
        sections.SelectMany(section => section.Name.Length > 0 ? [section.Name] : section.Defaults().GetType().GetProperties().Select(property => property.Name));

    /// <summary>Returns the names on the command line and in the settings files. Most environment variables belong to other programs.</summary>
    public static IEnumerable<string> Written(IConfigurationRoot configuration) => configuration.Providers
        .Where(provider => provider is CommandLineConfigurationProvider or JsonConfigurationProvider)
        .SelectMany(provider => provider.GetChildKeys([], null)).Distinct(StringComparer.OrdinalIgnoreCase);
}

internal sealed record SettingsSection(string Name, Func<ISettings> Defaults)
{
    public static IConfiguration Find(IConfiguration configuration, string name) => name.Length == 0 ? configuration : configuration.GetSection(name);
}
