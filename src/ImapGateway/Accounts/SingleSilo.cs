using System.Net;
using Microsoft.AspNetCore.Connections;

namespace ImapGateway.Accounts;

/// <summary>
/// Runs Orleans in one process without any socket of its own: a lone silo never connects to itself, so its listeners may wait for ever.
/// Several gateways then run side by side on one machine.
/// </summary>
public static class SingleSilo
{
    public static void UseSingleSilo(this ISiloBuilder silo)
    {
        silo.UseLocalhostClustering(siloPort: 1, gatewayPort: 0);
        var listeners = silo.Services.Where(service => service.IsKeyedService && service.ServiceType == typeof(IConnectionListenerFactory)).ToList();
        foreach (var listener in listeners)
        {
            silo.Services.Remove(listener);
            silo.Services.AddKeyedSingleton<IConnectionListenerFactory>(listener.ServiceKey, new DeafListenerFactory());
        }
    }

    private sealed class DeafListenerFactory : IConnectionListenerFactory
    {
        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(new DeafListener(endpoint));
    }

    private sealed class DeafListener(EndPoint endpoint) : IConnectionListener
    {
        private readonly TaskCompletionSource _unbound = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndPoint EndPoint => endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.Task.WaitAsync(cancellationToken);
            return null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _unbound.TrySetResult();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
