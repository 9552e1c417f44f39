using ImapGateway.Access;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ImapGateway.OpenApi;

/// <summary>Serves the contract as OpenAPI 3.1 at <c>/openapi/v1.json</c>, and a page to read and try it at <c>/swagger</c>. Neither needs a key.</summary>
public static class OpenApiSetup
{
    public const string Document = "v1";
    public const string DocumentPath = $"/openapi/{Document}.json";
    private const string PagePath = "/swagger";

    /// <summary>The Content-Security-Policy of the page, which runs its own scripts and connects to this gateway alone. It sets styles of elements, hence 'unsafe-inline' for styles.</summary>
    private const string PagePolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void AddOpenApi(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        services.AddSingleton(_ => XmlDocs.OfThisAssembly());
        services.AddSingleton<WireContracts>();
        services.AddTransient<ISerializerDataContractResolver>(provider => provider.GetRequiredService<WireContracts>());
        services.AddSingleton<OpenApiText>();
        services.AddSwaggerGen(options =>
        {
            options.SwaggerDoc(Document, About.Info);
            options.AddServer(new OpenApiServer { Url = "/" });
            options.DocInclusionPredicate((_, route) => route.ActionDescriptor.EndpointMetadata.OfType<NeedsKey>().Any());
            options.CustomOperationIds(OperationNames.Of);
            options.OrderActionsBy(route => $"{route.RelativePath} {route.HttpMethod}");
            options.CustomSchemaIds(SchemaNames.Of);
            options.DescribeAllParametersInCamelCase();
            options.AddSecurityDefinition(KeySecurity.Scheme, KeySecurity.Definition);
            options.AddSecurityDefinition(KeySecurity.TicketScheme, KeySecurity.Ticket);
            options.SchemaFilter<SchemaDetails>();
            options.ParameterFilter<ParameterDetails>();
            options.OperationFilter<OperationDetails>();
            options.OperationFilter<ResponseDetails>();
            options.DocumentFilter<DocumentDetails>();
        });
    }

    /// <summary>The files of the page are not routes.</summary>
    public static void UseOpenApiPage(this WebApplication app) =>
        app.UseWhen(context => context.Request.Path.StartsWithSegments(PagePath), page =>
        {
            page.Use((context, next) =>
            {
                context.Response.Headers.ContentSecurityPolicy = PagePolicy;
                context.Response.Headers.XContentTypeOptions = "nosniff";
                return next(context);
            });
            page.UseSwaggerUI(options =>
            {
                options.RoutePrefix = PagePath.TrimStart('/');
                options.DocumentTitle = About.Info.Title;
                // Relative, because a proxy may have the gateway under another path.
                options.SwaggerEndpoint($"..{DocumentPath}", About.Info.Title);
                options.ConfigObject.DisplayOperationId = true;
                options.ConfigObject.DefaultModelsExpandDepth = 0;
            });
        });

    public static void MapOpenApi(this IEndpointRouteBuilder app) =>
        app.MapMethods(DocumentPath, [HttpMethods.Get, HttpMethods.Head], (HttpContext context, OpenApiText text) => text.WriteAsync(context)).ExcludeFromDescription();
}
