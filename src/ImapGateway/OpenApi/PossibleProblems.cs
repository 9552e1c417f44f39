using ImapGateway.Http;
using Microsoft.OpenApi;

namespace ImapGateway.OpenApi;

/// <summary>Returns the codes that an operation can fail with: those that its route declares, and those that follow from what it takes.</summary>
public static class PossibleProblems
{
    public static IEnumerable<ErrorCode> Of(OpenApiOperation operation, IList<object> metadata) => Implied(operation, metadata)
        .Concat(metadata.OfType<PossibleErrors>().SelectMany(errors => errors.Codes))
        .Distinct()
        .Order();

    private static IEnumerable<ErrorCode> Implied(OpenApiOperation operation, IList<object> metadata)
    {
        // Every route can have it, since an unknown query parameter is one.
        yield return ErrorCode.BadRequest;
        yield return ErrorCode.Unauthorized;
        yield return ErrorCode.Forbidden;
        yield return ErrorCode.Internal;
        yield return ErrorCode.Unavailable;
        yield return ErrorCode.StorageCorrupt;
        if (operation.Parameters?.Any(parameter => parameter.In == ParameterLocation.Path) == true)
        {
            yield return ErrorCode.NotFound;
        }
        if (operation.RequestBody is not null)
        {
            yield return ErrorCode.TooLarge;
            yield return ErrorCode.UnsupportedMediaType;
        }
        if (metadata.OfType<IdempotentRoute>().Any())
        {
            yield return ErrorCode.Conflict;
            yield return ErrorCode.Unprocessable;
        }
    }
}
