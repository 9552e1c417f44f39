using ImapGateway.Access;
using Microsoft.AspNetCore.Routing;

namespace ImapGateway.Tests.Http;

/// <summary>Every route with the scope it needs: one line <c>METHOD path scope</c>, sorted; <c>-</c> where no key is needed.</summary>
public static class RouteTable
{
    public static string Of(IEnumerable<EndpointDataSource> sources)
    {
        var routes = sources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().ToArray();
        var open = routes.Where(route => IsBelowRoot(route) && (route.Metadata.GetMetadata<RequiredScope>() is null || route.Metadata.GetMetadata<NeedsKey>() is null));
        Assert.Empty(open.Select(route => $"{route.DisplayName} declares no scope"));
        return string.Concat(routes.SelectMany(Lines).Distinct().Order(StringComparer.Ordinal).Select(line => line + "\n"));
    }

    private static IEnumerable<string> Lines(RouteEndpoint route)
    {
        var scope = route.Metadata.GetMetadata<RequiredScope>() is { } required ? string.Join('|', Scopes.NamesOf(required.Scope)) : "-";
        var methods = route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["*"];
        return methods.Select(method => $"{method} /{route.RoutePattern.RawText!.Trim('/')} {scope}");
    }

    private static bool IsBelowRoot(RouteEndpoint route) => ("/" + route.RoutePattern.RawText!.TrimStart('/')).StartsWith(RouteRights.Root + "/", StringComparison.Ordinal);
}
