using ImapGateway.Http;
using ImapGateway.Mail;

namespace ImapGateway.OpenApi;

/// <summary>Names schemas by their types. A page of messages is <c>MessagePage</c>, a problem is a <c>Problem</c> whatever its type is called here.</summary>
public static class SchemaNames
{
    public static string Of(Type type) => type switch
    {
        _ when type == typeof(ProblemBody) => nameof(Problem),
        { IsConstructedGenericType: true } => string.Concat(type.GetGenericArguments().Select(Of)) + type.Name[..type.Name.IndexOf('`')],
        _ => type.Name,
    };
}

/// <summary>Names operations by their routes. The HEAD of a route that answers both is an operation of its own.</summary>
public static class OperationNames
{
    public static string Of(Microsoft.AspNetCore.Mvc.ApiExplorer.ApiDescription route)
    {
        var name = route.ActionDescriptor.EndpointMetadata.OfType<IEndpointNameMetadata>().LastOrDefault()?.EndpointName
            ?? throw new InvalidOperationException($"The route {route.HttpMethod} {route.RelativePath} has no name: give it one by WithName.");
        return HttpMethods.IsHead(route.HttpMethod!) && name.StartsWith("get", StringComparison.Ordinal) ? string.Concat("head", name.AsSpan(3)) : name;
    }
}
