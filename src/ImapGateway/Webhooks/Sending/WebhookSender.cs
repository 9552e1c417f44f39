using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using ImapGateway.Egress;
using ImapGateway.Mail;
using ImapGateway.Webhooks.Endpoints;
using Microsoft.Extensions.Options;

namespace ImapGateway.Webhooks.Sending;

/// <summary>Calls endpoints with a signature, only at addresses that the egress policy allows, and without following redirects.</summary>
public sealed partial class WebhookSender(EgressConnector egress, IOptions<WebhooksOptions> options, TimeProvider time, ILogger<WebhookSender> log) : IDisposable
{
    /// <summary>The number of octets of an answer that are kept.</summary>
    private const int MaxAnswer = 512;

    /// <summary>The number of octets of an answer that are read so that its connection can be used again. For its headers, the same limit in kilobytes.</summary>
    private const int MaxDrain = 8 * 1024;
    private const int MaxHeaderKilobytes = 16;

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        ConnectCallback = async (context, cancel) => new NetworkStream(
            await egress.ConnectAsync(
                EgressPurpose.Webhooks, context.DnsEndPoint.Host, context.DnsEndPoint.Port, plaintext: context.InitialRequestMessage.RequestUri!.Scheme == Uri.UriSchemeHttp, cancel),
            ownsSocket: true),
        ConnectTimeout = options.Value.Timeout,
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        // After that time a name may resolve to another address, and the policy must check that.
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        MaxResponseHeadersLength = MaxHeaderKilobytes,
        MaxResponseDrainSize = MaxDrain,
        ResponseDrainTimeout = TimeSpan.FromSeconds(1),
    });

    public void Dispose() => _http.Dispose();

    /// <summary>Makes one attempt. A failure is its outcome; only a cancellation by the caller is an exception.</summary>
    /// <param name="id">The value of <c>webhook-id</c>.</param>
    /// <param name="form">The form of the body.</param>
    /// <param name="body">The bytes to sign and to send.</param>
    public async Task<Attempt> SendAsync(LoadedWebhook webhook, string id, PayloadForm form, byte[] body, CancellationToken cancel)
    {
        var at = time.GetUtcNow();
        var started = time.GetTimestamp();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var timer = time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), deadline, options.Value.Timeout, Timeout.InfiniteTimeSpan);
        Attempt Ended(int? status, string? error, byte[] answer, TimeSpan? retryAfter) =>
            new(at, status, error, (long)time.GetElapsedTime(started).TotalMilliseconds, answer, retryAfter);
        try
        {
            using var request = Request(webhook, id, at, form, body);
            using var response = await _http.SendAsync(request, deadline.Token);
            return Ended((int)response.StatusCode, null, Kept(webhook.WithoutSecrets(await AnswerAsync(response, deadline.Token))), RetryAfter(response, at));
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            return Ended(null, Classify(failure), [], null);
        }
    }

    /// <summary>Returns the failed attempt of a delivery that the gateway itself could not send.</summary>
    public Attempt Failed(string webhook, Exception failure)
    {
        LogFailed(webhook, failure);
        return new Attempt(time.GetUtcNow(), null, AttemptError.Internal, 0, [], null);
    }

    private static HttpRequestMessage Request(LoadedWebhook webhook, string id, DateTimeOffset at, PayloadForm form, byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", Payload.ContentTypeOf(form));
        var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url) { Content = content };
        var timestamp = at.ToUnixTimeSeconds();
        var headers = request.Headers;
        headers.TryAddWithoutValidation("webhook-id", id);
        headers.TryAddWithoutValidation("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        headers.TryAddWithoutValidation("webhook-signature", Signer.Sign(webhook.Keys(at), id, timestamp, body));
        foreach (var (name, value) in webhook.Headers)
        {
            if (!headers.TryAddWithoutValidation(name, value))
            {
                content.Headers.TryAddWithoutValidation(name, value);
            }
        }
        if (!webhook.Headers.ContainsKey("User-Agent"))
        {
            headers.TryAddWithoutValidation("User-Agent", "ImapGateway");
        }
        return request;
    }

    /// <summary>Reads the body of the answer. The status is the outcome: a body that breaks off does not change it.</summary>
    private static async Task<byte[]> AnswerAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        if (response.Content.Headers.ContentLength == 0)
        {
            return [];
        }
        // A secret that is cut off at the end of the kept part would not be recognized.
        var answer = new byte[2 * MaxAnswer];
        var length = 0;
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancel);
            int read;
            while (length < answer.Length && (read = await stream.ReadAsync(answer.AsMemory(length), cancel)) > 0)
            {
                length += read;
            }
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException or OperationCanceledException)
        {
            // The octets that were received are kept.
        }
        return answer[..length];
    }

    private static byte[] Kept(byte[] answer) => answer[..Math.Min(answer.Length, MaxAnswer)];

    private static TimeSpan? RetryAfter(HttpResponseMessage response, DateTimeOffset now) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date > now ? date - now : TimeSpan.Zero,
        _ => null,
    };

    private static string Classify(Exception failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case ProblemException:
                    return AttemptError.Refused;
                case AuthenticationException:
                    return AttemptError.Tls;
                case OperationCanceledException or TimeoutException:
                    return AttemptError.Timeout;
                case SocketException:
                    return AttemptError.Unreachable;
            }
        }
        return failure is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded } ? AttemptError.Protocol : AttemptError.Unreachable;
    }

    [LoggerMessage(LogLevel.Error, "A delivery of the webhook {Webhook} could not be sent; it counts as a failed attempt")]
    private partial void LogFailed(string webhook, Exception failure);
}
