using ImapGateway.Mail;
using ImapGateway.Messages.Bodies;
using ImapGateway.Responses;

namespace ImapGateway.Messages;

/// <summary>
/// A response with the HTML of a message as a page for a frame, or 304. Its policy keeps the page from acting in the name of the gateway.
/// </summary>
/// <param name="answer">The message with its HTML as a document.</param>
/// <param name="form">The form of the HTML.</param>
public sealed class HtmlResult(Tagged<Message> answer, HtmlForm form) : IResult
{
    /// <summary>The sandbox of the page: no scripts, no forms, no origin of its own (HTML section 7.1.5). Links open in windows without these limits.</summary>
    private const string Sandbox = "sandbox allow-popups allow-popups-to-escape-sandbox";

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (request, response) = (httpContext.Request, httpContext.Response);
        TaggedAnswers.Describe(response, answer.Tag, "private, no-cache");
        TaggedAnswers.DescribeAge(httpContext, answer.StaleSince);
        response.Headers.ContentSecurityPolicy = $"{HtmlPage.PolicyOf(form)}; {Sandbox}";
        response.Headers.XContentTypeOptions = "nosniff";
        // The address of the page contains the ticket.
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
