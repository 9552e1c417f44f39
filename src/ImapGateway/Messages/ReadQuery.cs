using System.Collections.Immutable;
using System.ComponentModel.DataAnnotations;
using ImapGateway.Access;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Messages.Bodies;

namespace ImapGateway.Messages;

/// <summary>The query parameters of reading messages.</summary>
/// <param name="Body" example="text,html">The forms of the body to show: `text`, `html`, or both with a comma between. Needs the scope mail.read.</param>
/// <param name="Html" example="safe">
/// `safe` (the default): one element to put into a page, without scripts, remote content and whatever else could harm the page; its contents stay inside of it. `document`: a complete page for the
/// `srcdoc` attribute of an iframe with `sandbox="allow-popups allow-popups-to-escape-sandbox"`. It keeps the style sheets of the message with their conditions, such as dark mode. `raw`: as it was sent.
/// </param>
/// <param name="Images" example="blocked">Pictures of other hosts: `blocked` (the default): they are not loaded, and their URLs are in `data-blocked-src`; `remote`: they are loaded when the HTML is shown, and the sender can see that.</param>
/// <param name="MaxBodyBytes" example="65536">The largest number of UTF-8 octets of the text, and of the HTML; `truncated` says that something was cut. The default is 262144.</param>
/// <param name="Headers" example="List-Unsubscribe,Received">Names of header fields with commas between, or `all`: they are shown in `headers`, decoded.</param>
/// <param name="Structure" example="true">True to show the whole MIME structure in `structure`.</param>
public sealed record ReadQuery(string? Body, string? Html, string? Images, [Range(1, ReadOptions.MostBodyBytes)] int? MaxBodyBytes, string? Headers, bool? Structure)
{
    private const int MostNames = 100;

    /// <exception cref="ProblemException">400 for an invalid value; 403 if the caller may not see bodies.</exception>
    public ReadOptions ToOptions(Caller caller)
    {
        var errors = new RequestErrors();
        var body = List(Body);
        if (body is [] || body?.All(kind => kind is "text" or "html") == false)
        {
            errors.Parameter("body", "text, html or text,html is expected.");
        }
        var form = Forms(errors, body?.Contains("html") == true);
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
            body?.Contains("text") == true, body?.Contains("html") == true, form, MaxBodyBytes ?? ReadOptions.DefaultBodyBytes,
            headers is null ? default : headers is ["all"] ? [] : [.. headers])
        {
            Structure = Structure == true,
        };
    }

    private HtmlForm Forms(RequestErrors errors, bool wantsHtml)
    {
        if (Html is not (null or "safe" or "document" or "raw"))
        {
            errors.Parameter("html", "safe, document or raw is expected.");
        }
        if (Images is not (null or "blocked" or "remote"))
        {
            errors.Parameter("images", "blocked or remote is expected.");
        }
        if (Html is not null && !wantsHtml)
        {
            errors.Parameter("html", "It says how to show the HTML: ask for that with body=html.");
        }
        if (Images is not null && (!wantsHtml || Html == "raw"))
        {
            errors.Parameter("images", "It says what safe HTML loads: ask for that with body=html, without html=raw.");
        }
        return new HtmlForm(Html switch { "raw" => HtmlMode.Raw, "document" => HtmlMode.Document, _ => HtmlMode.Safe }, Images == "remote");
    }

    /// <param name="parameter">The name of the parameter that has the names.</param>
    /// <returns>The names of header fields; empty for all.</returns>
    /// <exception cref="ProblemException">400 for invalid names of header fields.</exception>
    public static ImmutableArray<string> NamesOf(IReadOnlyList<string>? names, string parameter) => names is null ? []
        : names.Count is > 0 and <= MostNames && names.All(name => ImapGrammar.IsHeaderName(name)) ? [.. names]
        : throw RequestErrors.OfParameter(parameter, $"1 to {MostNames} names of header fields are expected.");

    private static string[]? List(string? text) => text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
