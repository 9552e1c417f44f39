using ImapGateway.Http;
using ImapGateway.Mail;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ImapGateway.GraphQL.Transport;

/// <summary>Chooses the media type of a response (GraphQL over HTTP, section "Accept"). Without a preference, or with all equally preferred, it is application/json.</summary>
public static class Accepted
{
    public const string Response = "application/graphql-response+json";
    public const string Json = "application/json";

    /// <exception cref="ProblemException">406 if no media type is accepted.</exception>
    public static string Of(StringValues accept)
    {
        if (StringValues.IsNullOrEmpty(accept) || accept == Json || accept == "*/*")
        {
            return Json;
        }
        if (accept == Response || accept == EventWriter.ContentType)
        {
            return accept.ToString();
        }
        if (!MediaTypeHeaderValue.TryParseList([.. accept.OfType<string>()], out var wanted))
        {
            throw NotAcceptable();
        }
        var candidates = from range in wanted
                         let quality = range.Quality ?? 1
                         where quality > 0 && (range.Charset.Length == 0 || range.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
                         let type = TypeOf(range)
                         where type is not null
                         orderby quality descending
                         select type;
        return candidates.FirstOrDefault() ?? throw NotAcceptable();
    }

    private static string? TypeOf(MediaTypeHeaderValue range) =>
        range.MediaType.Equals(Response, StringComparison.OrdinalIgnoreCase) ? Response
        : range.MediaType.Equals(EventWriter.ContentType, StringComparison.OrdinalIgnoreCase) ? EventWriter.ContentType
        : range.MediaType.Equals(Json, StringComparison.OrdinalIgnoreCase) || range.MatchesAllTypes || range.MatchesAllSubTypes && range.Type.Equals("application", StringComparison.OrdinalIgnoreCase) ? Json
        : null;

    private static ProblemException NotAcceptable() => new(ErrorCode.NotAcceptable, $"Answers are {Response}, {Json} or {EventWriter.ContentType}.");
}
