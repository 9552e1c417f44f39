using ImapGateway.Mail;
using ImapGateway.Messages.Bodies;
using ImapGateway.Responses;

namespace ImapGateway.Messages;

/// <summary>
/// The HTML of a message as a page for a frame: 200 with a policy that keeps it from acting in the name of the gateway, or 304.
/// </summary>
/// <param name="answer">With the HTML as a document.</param>
/// <param name="form">As it was made.</param>
public sealed class HtmlResult(Tagged<Message> answer, HtmlForm form) : IResult
{
    /// <summary>No scripts, no forms, no origin of its own (HTML section 7.1.5); links open in windows without these limits.</summary>
    private const string Sandbox = "sandbox allow-popups allow-popups-to-escape-sandbox";

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (request, response) = (httpContext.Request, httpContext.Response);
        TaggedAnswers.Describe(response, answer.Tag, "private, no-cache");
        TaggedAnswers.DescribeAge(httpContext, answer.StaleSince);
        response.Headers.ContentSecurityPolicy = $"{HtmlPage.PolicyOf(form)}; {Sandbox}";
        response.Headers.XContentTypeOptions = "nosniff";
        // The address of the page has the ticket in it.
        response.Headers["Referrer-Policy"] = "no-referrer";
        if (answer.Value is null || (answer.Tag is { } tag && EntityTags.IsKnown(request.Headers.IfNoneMatch, tag)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        response.ContentType = "text/html; charset=utf-8";
        await response.WriteAsync(answer.Value.Body!.Html!, httpContext.RequestAborted);
    }
}
