using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using ImapGateway.Http;
using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Messages;

/// <summary>Query parameters of reading messages.</summary>
/// <param name="Body" example="text,html">What of the body to show: `text`, `html`, or both with a comma between. Needs the scope mail.read.</param>
/// <param name="Html" example="safe">`safe` (the default): without scripts, remote content and whatever else could harm a page it is shown in; `raw`: as it was sent.</param>
/// <param name="MaxBodyBytes" example="65536">UTF-8 octets of the text, and of the HTML, at most; `truncated` tells that something was cut. 262144 where it is missing.</param>
/// <param name="Headers" example="List-Unsubscribe,Received">Names of header fields with commas between, or `all`: they are shown in `headers`, decoded.</param>
public sealed record ReadQuery(string? Body, string? Html, [Range(1, ReadOptions.MostBodyBytes)] int? MaxBodyBytes, string? Headers)
{
    private const int MostNames = 100;

    /// <exception cref="ProblemException">400 for what cannot be understood; 403 where the caller may not see bodies.</exception>
    public ReadOptions ToOptions(Caller caller)
    {
        var errors = new RequestErrors();
        var body = List(Body);
        if (body is [] || body?.All(kind => kind is "text" or "html") == false)
        {
            errors.Parameter("body", "text, html or text,html is expected.");
        }
        if (Html is not (null or "safe" or "raw"))
        {
            errors.Parameter("html", "safe or raw is expected.");
        }
        else if (Html is not null && body?.Contains("html") != true)
        {
            errors.Parameter("html", "It says how to show the HTML: ask for that with body=html.");
        }
        if (MaxBodyBytes is not null && body is null)
        {
            errors.Parameter("maxBodyBytes", "It cuts the body: ask for one with body=text or body=html.");
        }
        var headers = List(Headers);
        if (headers is ([] or { Length: > MostNames }) || headers?.All(name => ImapGrammar.IsHeaderName(name)) == false)
        {
            errors.Parameter("headers", $"Names of header fields are expected, {MostNames} at most, or all.");
        }
        errors.ThrowIfAny();
        if (body is not null)
        {
            caller.Demand(Scope.MailRead);
        }
        return new ReadOptions(
            body?.Contains("text") == true, body?.Contains("html") == true, Html == "raw", MaxBodyBytes ?? ReadOptions.DefaultBodyBytes,
            headers is null ? default : headers is ["all"] ? [] : [.. headers]);
    }

    /// <param name="parameter">Where they stand.</param>
    /// <returns>Empty for all.</returns>
    /// <exception cref="ProblemException">400 for what are no names of header fields.</exception>
    public static ImmutableArray<string> NamesOf(IReadOnlyList<string>? names, string parameter) => names is null ? []
        : names.Count is > 0 and <= MostNames && names.All(name => ImapGrammar.IsHeaderName(name)) ? [.. names]
        : throw RequestErrors.OfParameter(parameter, $"1 to {MostNames} names of header fields are expected.");

    private static string[]? List(string? text) => text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
