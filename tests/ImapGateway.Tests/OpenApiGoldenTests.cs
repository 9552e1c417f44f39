using System.Text;
using ImapGateway.OpenApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ImapGateway.Tests;

public class OpenApiGoldenTests
{
    [Fact]
    [Trait("Category", "golden")]
    public async Task The_published_document_is_what_the_gateway_serves()
    {
        await using var gateway = Program.Build([]);
        // What the start does at last: until then nobody knows the routes.
        gateway.UseEndpoints(_ => { });
        Golden.Verify("openapi.json", Encoding.UTF8.GetString(gateway.Services.GetRequiredService<OpenApiText>().Json.Span));
    }
}
