using ImapGateway.Mail;
using Microsoft.Extensions.Options;

namespace ImapGateway.Settings;

public static class SettingsExtensions
{
    /// <summary>
    /// Offers a section as <see cref="IOptions{TOptions}"/>. Its mistakes are reported together with those of all other sections by
    /// <see cref="RunValidatedAsync"/>; who asks for the options before gets a <see cref="StartupException"/>.
    /// </summary>
    /// <param name="builder">Of the host.</param>
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

    /// <summary>Every mistake of every section at once.</summary>
    /// <exception cref="StartupException">There is one.</exception>
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

    /// <summary>Validates the settings, takes the startup steps, runs until asked to stop.</summary>
    /// <returns>The exit code: 0 after a stop that was asked for, <see cref="FatalFault.ExitCode"/> after a failure of a background service.</returns>
    /// <exception cref="StartupException">The operator must correct something first.</exception>
    public static async Task<int> RunValidatedAsync(this WebApplication app)
    {
        await using (app)
        {
            try
            {
                app.Services.ValidateSettings();
                foreach (var step in app.Services.GetServices<IStartupStep>())
                {
                    await step.RunAsync(app.Lifetime.ApplicationStopping);
                }
                await app.StartListeningAsync();
                await app.WaitForShutdownAsync();
            }
            catch (ProblemException failure)
            {
                // A step of the start needs what cannot be used now, such as a damaged database.
                throw new StartupException(failure.Problem.Detail);
            }
            catch (Exception failure) when (failure is OperationCanceledException or OrleansLifecycleCanceledException && app.Lifetime.ApplicationStopping.IsCancellationRequested)
            {
                // Asked to stop while it was starting.
            }
            return HasFailed(app) ? FatalFault.ExitCode : 0;
        }
    }

    /// <summary>The web server starts last. Whatever runs by then is stopped in order if it cannot listen.</summary>
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

    /// <summary>A background service that ends by an exception stops the host as if somebody had asked it to.</summary>
    private static bool HasFailed(WebApplication app) => app.Services.GetServices<IHostedService>().OfType<BackgroundService>().Any(service => service.ExecuteTask is { IsFaulted: true });

    private static void ThrowIfAny(IEnumerable<string> mistakes)
    {
        if (mistakes.ToList() is { Count: > 0 } lines)
        {
            throw new StartupException([.. lines]);
        }
    }
}

internal sealed record SettingsSection(string Name, Func<ISettings> Defaults)
{
    public static IConfiguration Find(IConfiguration configuration, string name) => name.Length == 0 ? configuration : configuration.GetSection(name);
}
