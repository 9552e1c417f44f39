using ImapGateway.Settings;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ImapGateway.Egress;

public static class EgressExtensions
{
    public static IHostApplicationBuilder AddEgress(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<EgressOptions>("Egress");
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<EgressPolicy>();
        builder.Services.AddSingleton<EgressConnector>();
        return builder;
    }
}
