using ImapGateway.Tests.Http;
using Microsoft.AspNetCore.Routing;

namespace ImapGateway.Tests;

public class RoutesTests
{
    /// <summary>Who may do what is a published contract: it changes with intent or not at all.</summary>
    [Fact]
    [Trait("Category", "golden")]
    public async Task Every_route_declares_its_scope()
    {
        await using var gateway = Program.Build([]);
        Golden.Verify("routes.txt", RouteTable.Of(((IEndpointRouteBuilder)gateway).DataSources));
    }
}
