using ImapGateway.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImapGateway.Tests.Settings;

/// <summary>A process that ends because of a fault must not look like one that was asked to stop.</summary>
public sealed class ExitCodeTests
{
    private sealed class FailingService : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await Task.Yield();
            throw new InvalidOperationException("injected");
        }
    }

    private sealed class StoppedStep(IHostApplicationLifetime lifetime, Func<CancellationToken, Task> start) : IStartupStep
    {
        public Task RunAsync(CancellationToken cancel)
        {
            lifetime.StopApplication();
            return start(cancel);
        }
    }

    private sealed class SiloLifecycle() : LifecycleSubject(NullLogger.Instance);

    private static WebApplication App(Action<IServiceCollection> add)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddLogging();
        add(builder.Services);
        return builder.Build();
    }

    [Fact]
    public async Task A_background_service_that_ends_by_an_exception() =>
        Assert.Equal(FatalFault.ExitCode, await App(services => services.AddHostedService<FailingService>()).RunValidatedAsync());

    [Fact]
    public async Task A_stop_that_was_asked_for()
    {
        var app = App(_ => { });
        app.Lifetime.ApplicationStarted.Register(app.Lifetime.StopApplication);
        Assert.Equal(0, await app.RunValidatedAsync());
    }

    /// <summary>Orleans has an exception of its own for a start that is cancelled.</summary>
    [Fact]
    public async Task A_stop_that_was_asked_for_while_it_started()
    {
        Func<CancellationToken, Task>[] starts = [Task.FromCanceled, StartSilo];
        foreach (var start in starts)
        {
            Assert.Equal(0, await App(services => services.AddSingleton<IStartupStep>(services => new StoppedStep(services.GetRequiredService<IHostApplicationLifetime>(), start))).RunValidatedAsync());
        }

        async Task StartSilo(CancellationToken cancel)
        {
            var silo = new SiloLifecycle();
            using var stage = silo.Subscribe("part", 1, _ => Task.CompletedTask);
            await Assert.ThrowsAsync<OrleansLifecycleCanceledException>(() => silo.OnStart(cancel));
            await silo.OnStart(cancel);
        }
    }
}
