using System.Text.RegularExpressions;
using ImapGateway.Accounts;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.Messages.Sections;

/// <summary>
/// A response with a section, in constant memory: 200 or 206 as its first octets arrive, 304, 412, 416 (RFC 9110 sections 13 and 14). A failure in the middle
/// ends the connection, so that no client takes a part for the whole.
/// </summary>
public sealed partial class SectionResult(IAccountGrain account, SectionRef section, Freshness freshness, SectionLengths lengths, TimeProvider time) : IResult
{
    /// <summary>The largest range that is fetched before its response begins, so that the length of the whole need not be counted.</summary>
    private const int MostHeld = 256 * 1024;

    private const string Pdf = "application/pdf";

    private static readonly string[] Shown = ["text/plain", Pdf, "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"];

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (request, response) = (httpContext.Request, httpContext.Response);
        var cancel = httpContext.RequestAborted;
        var tag = section.Tag;
        // A client that sends the tag has seen the section; a star does not say so.
        var isKnown = request.Headers.IfNoneMatch != "*" && EntityTags.IsKnown(request.Headers.IfNoneMatch, tag);
        var answer = await account.Execute(new FindSection(section, isKnown, freshness), cancel);
        var found = answer.Value;
        if (!EntityTags.Allows(request.Headers.IfMatch, tag))
        {
            throw new ProblemException(ErrorCode.PreconditionFailed, "If-Match names another version. The content of a message never changes.");
        }
        TaggedAnswers.DescribeAge(httpContext, answer.StaleSince);
        if (found?.Stored is { } length)
        {
            lengths.Put(section, length);
        }
        if (found is null || EntityTags.IsKnown(request.Headers.IfNoneMatch, tag))
        {
            Describe(response, tag);
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        if (HttpMethods.IsHead(request.Method))
        {
            Describe(response, tag, found, lengths.Find(section));
            return;
        }
        if (EntityTags.AllowsRange(request.Headers.IfRange, tag) && ByteRange.Parse(request.Headers.Range, long.MaxValue, out _) != RangeOutcome.Whole)
        {
            await SendRangeAsync(httpContext, tag, found);
            return;
        }
        await using var reader = new SectionReader(account, section, 0, null, cancel);
        await reader.StartAsync();
        Describe(response, tag, found, lengths.Find(section));
        await reader.SendAsync(httpContext, time);
        lengths.Put(section, reader.Received);
    }

    private async Task SendRangeAsync(HttpContext httpContext, string tag, FoundSection found)
    {
        var (header, response) = (httpContext.Request.Headers.Range, httpContext.Response);
        var length = lengths.Find(section);
        if (length is null && ByteRange.Parse(header, null, out var small) == RangeOutcome.Partial && small.Length <= MostHeld)
        {
            var octets = await SectionReader.ReadAsync(account, section, small.First, (int)small.Length, httpContext.RequestAborted);
            if (octets.Length == small.Length)
            {
                Describe(response, tag, found, octets.Length);
                response.StatusCode = StatusCodes.Status206PartialContent;
                response.Headers.ContentRange = ByteRange.ContentRange(small.First, small.First + octets.Length - 1, null);
                await response.Body.WriteAsync(octets, httpContext.RequestAborted);
                return;
            }
            // The section ends within the range, and so its length is known.
            length = octets.Length > 0 ? small.First + octets.Length : null;
        }
        length ??= await MeasureAsync(httpContext.RequestAborted);
        if (ByteRange.Parse(header, length, out var range) == RangeOutcome.Unsatisfiable)
        {
            response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            response.Headers.ContentRange = ByteRange.Unsatisfied(length.Value);
            return;
        }
        await using var reader = new SectionReader(account, section, range.First, range.Length, httpContext.RequestAborted);
        await reader.StartAsync();
        Describe(response, tag, found, range.Length);
        response.StatusCode = StatusCodes.Status206PartialContent;
        response.Headers.ContentRange = ByteRange.ContentRange(range.First, range.Last!.Value, length);
        await reader.SendAsync(httpContext, time);
    }

    private async Task<long> MeasureAsync(CancellationToken cancel)
    {
        var length = await account.Execute(new MeasureSection(section), cancel);
        lengths.Put(section, length);
        return length;
    }

    /// <summary>Sets the headers of all responses, 304 too (RFC 9110 section 15.4.5).</summary>
    private static void Describe(HttpResponse response, string tag)
    {
        TaggedAnswers.Describe(response, tag, "private, max-age=31536000, immutable");
    }

    private static void Describe(HttpResponse response, string tag, FoundSection found, long? length)
    {
        Describe(response, tag);
        response.ContentLength = length;
        response.ContentType = found.Charset is { } charset && Token().IsMatch(charset) ? $"{found.ContentType}; charset={charset}" : found.ContentType;
        response.Headers.AcceptRanges = "bytes";
        response.Headers.XContentTypeOptions = "nosniff";
        // Content of unknown senders must not act in the gateway's name: HTML, SVG and XML are saved, not shown, and nothing that is shown runs scripts.
        var isShown = !found.IsAttachment && (Array.IndexOf(Shown, found.ContentType) >= 0 || found.ContentType.StartsWith("audio/", StringComparison.Ordinal) || found.ContentType.StartsWith("video/", StringComparison.Ordinal));
        response.Headers.ContentDisposition = ContentDisposition.Format(isShown ? "inline" : "attachment", found.Filename);
        if (found.ContentType != Pdf)
        {
            // Browsers show no PDF in a sandbox, and isolate its scripts themselves.
            response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        }
    }

    /// <summary>Matches a token of RFC 9110 section 5.6.2.</summary>
    [GeneratedRegex(@"^[A-Za-z0-9!#$%&'*+.^_`|~-]+\z")]
    private static partial Regex Token();
}
