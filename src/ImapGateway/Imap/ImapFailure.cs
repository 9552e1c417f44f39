using System.Collections.Frozen;
using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using ImapGateway.Mail;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace ImapGateway.Imap;

/// <summary>Converts failures of a mail server to one of the closed list of codes. No other code does this.</summary>
public static partial class ImapFailure
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(60);
    private const int LongestText = 300;
    private const int LongestMessage = 4096;

    /// <summary>Returns the exception for the caller of the session. Its cause is not MailKit's exception if that repeats a secret.</summary>
    public static ProblemException Explain(Exception exception, ServerStream? stream, bool loggingIn = false) => exception as ProblemException
        ?? new ProblemException(Classify(exception, stream?.Tail, loggingIn, stream?.Secrets), Cause(exception, stream?.Secrets ?? Redaction.None));

    /// <summary>Returns the last refusal of the server. Null if its last response is no refusal.</summary>
    public static Problem? Refusal(ServerStream stream) => LastRefusal().Match(stream.Tail) is { Success: true } last
        ? Classify(new ImapCommandException(last.Groups["bad"].Success ? ImapCommandResponse.Bad : ImapCommandResponse.No, "", ""), stream.Tail, secrets: stream.Secrets)
        : null;

    private static Exception Cause(Exception exception, Redaction secrets)
    {
        var messages = new List<string>();
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            messages.Add($"{cause.GetType()}: {cause.Message[..Math.Min(cause.Message.Length, LongestMessage)]}");
        }
        messages.Add((exception as CommandException)?.Message ?? "");
        messages.Add((exception as ImapCommandException)?.ResponseText ?? "");
        var text = string.Join('\n', messages);
        if (secrets.Apply(text) is { } told && told == text)
        {
            return exception;
        }
        var message = secrets.Apply(exception.Message[..Math.Min(exception.Message.Length, LongestMessage)]) ?? Redaction.Mask;
        return exception switch
        {
            ImapCommandException refusal => new ImapCommandException(refusal.Response, secrets.Apply(refusal.ResponseText) ?? "", message),
            _ => new IOException($"{exception.GetType()}: {message}"),
        };
    }

    /// <param name="tail">The last bytes from the server: MailKit's exceptions lack the response code, and a BYE's text is lost.</param>
    /// <param name="loggingIn">True at login, where a NO without a code means wrong credentials.</param>
    /// <param name="secrets">The secrets that the server may repeat and that must not be shown.</param>
    public static Problem Classify(Exception exception, string? tail, bool loggingIn = false, Redaction? secrets = null)
    {
        if (exception is ProblemException known)
        {
            return known.Problem;
        }
        var upstream = Upstream(exception, tail);
        var code = ByResponseCode(upstream?.Code?.ToUpperInvariant(), upstream?.Text) ?? ByWording(upstream?.Text, loggingIn) ?? ByReplyCode(upstream?.Code) ?? ByException(exception, tail, loggingIn);
        return new Problem(code, Detail(code, exception, tail, loggingIn), Upstream: Shown(upstream, secrets ?? Redaction.None), RetryAfter: RetryAfter(code, upstream?.Text));
    }

    private static ErrorCode ByException(Exception exception, string? tail, bool loggingIn) => exception switch
    {
        _ when FloodException.In(exception) is not null => ErrorCode.AccountProtocol,
        // MailKit distinguishes BAD from NO for commands other than logins.
        AuthenticationException or SaslException => tail is not null && Tagged().Matches(tail).LastOrDefault() is { } last && last.Groups["bad"].Success ? ErrorCode.AccountProtocol : ErrorCode.AccountAuthFailed,
        FolderNotFoundException or MessageNotFoundException => ErrorCode.NotFound,
        FolderNotOpenException e => e.FolderAccess == FolderAccess.ReadWrite ? ErrorCode.AccountDenied : ErrorCode.AccountUnavailable,
        TimeoutException => ErrorCode.AccountTimeout,
        SslHandshakeException or System.Security.Authentication.AuthenticationException => ErrorCode.AccountProtocol,
        ImapCommandException { Response: ImapCommandResponse.No } => loggingIn ? ErrorCode.AccountAuthFailed : ErrorCode.AccountDenied,
        // After BYE MailKit throws the server's text: directly at the greeting, else around the exception that ended the command.
        ImapProtocolException when tail is not null && Farewell().IsMatch(tail) => ErrorCode.AccountUnavailable,
        ImapProtocolException { Message: "Bye." } or ImapProtocolException { InnerException: ImapProtocolException } => ErrorCode.AccountUnavailable,
        ImapProtocolException e when e.Message.Contains("disconnected", StringComparison.Ordinal) => ErrorCode.AccountUnavailable,
        ServiceNotConnectedException or SocketException or IOException or ObjectDisposedException => ErrorCode.AccountUnavailable,
        ProtocolException or CommandException or FormatException => ErrorCode.AccountProtocol,
        // MailKit does not check every number that it parses, such as that of "FETCH (UID 0". Misuse of MailKit has other exceptions.
        ArgumentOutOfRangeException or IndexOutOfRangeException or OverflowException or InvalidCastException or NullReferenceException when exception.Source is "MailKit" or "MimeKit" => ErrorCode.AccountProtocol,
        _ => ErrorCode.Internal,
    };

    /// <summary>The response codes that may be shown and decide nothing (IANA's registry of IMAP response codes).</summary>
    private static readonly FrozenSet<string> OtherCodes = FrozenSet.Create(
        "ALERT", "ANNOTATE", "ANNOTATIONS", "BADCHARSET", "BADCOMPARATOR", "BADEVENT", "BADURL", "CAPABILITY", "CLIENTBUG", "CLOSED", "COMPRESSIONACTIVE", "CORRUPTION", "EXPUNGED", "HASCHILDREN", "HIGHESTMODSEQ",
        "INPROGRESS", "MAILBOXID", "MAXCONVERTMESSAGES", "MAXCONVERTPARTS", "MESSAGELIMIT", "METADATA", "MODIFIED", "NOMODSEQ", "NOTIFICATIONOVERFLOW", "NOTSAVED", "NOUPDATE", "PARSE", "READ-ONLY", "READ-WRITE",
        "REFERRAL", "SAVELIMIT", "SYS", "TEMPFAIL", "TOOBIG", "UIDNOTSTICKY", "UIDREQUIRED", "UNKNOWN-CTE", "UNDEFINED-FILTER", "URLMECH", "USEATTR", "WEBALERT");

    // RFC 5530 section 3, RFC 9051 section 7.1; THROTTLED is Gmail's.
    private static ErrorCode? ByResponseCode(string? code, string? text = null) => code switch
    {
        "LIMIT" when !ConnectionLimit().IsMatch(text ?? "") && Throttling().IsMatch(text ?? "") => ErrorCode.AccountThrottled,
        "AUTHENTICATIONFAILED" or "AUTHORIZATIONFAILED" or "EXPIRED" => ErrorCode.AccountAuthFailed,
        "UNAVAILABLE" or "INUSE" or "SERVERBUG" => ErrorCode.AccountUnavailable,
        "LIMIT" => ErrorCode.AccountLimit,
        "THROTTLED" => ErrorCode.AccountThrottled,
        "OVERQUOTA" => ErrorCode.AccountQuota,
        "NOPERM" or "PRIVACYREQUIRED" or "CONTACTADMIN" => ErrorCode.AccountDenied,
        "NONEXISTENT" or "TRYCREATE" => ErrorCode.NotFound,
        "EXPUNGEISSUED" => ErrorCode.Gone,
        "ALREADYEXISTS" => ErrorCode.Conflict,
        "CANNOT" => ErrorCode.Unprocessable,
        _ => null,
    };

    /// <summary>True if the response text of a refused login is about the user name or the password.</summary>
    public static bool SpeaksOfCredentials(string text) => OfCredentials().IsMatch(text);

    // SMTP, RFC 5321 section 4.2.3 and RFC 4954 section 6.
    private static ErrorCode? ByReplyCode(string? code) => code switch
    {
        "530" or "534" or "535" or "538" => ErrorCode.AccountAuthFailed,
        "452" or "552" => ErrorCode.AccountQuota,
        "550" or "551" or "553" or "554" => ErrorCode.AccountDenied,
        ['4', _, _] => ErrorCode.AccountUnavailable,
        ['5', _, _] => ErrorCode.AccountProtocol,
        _ => null,
    };

    // Servers that give the reason only in the response text: Dovecot and Gmail (connections), Exchange Online (throttling, "authenticated but not connected", transient).
    private static ErrorCode? ByWording(string? text, bool loggingIn) => text switch
    {
        null => null,
        _ when ConnectionLimit().IsMatch(text) => ErrorCode.AccountLimit,
        _ when Throttling().IsMatch(text) => ErrorCode.AccountThrottled,
        // "Wrong password, please try again" is no invitation to try the same one again.
        _ when loggingIn && SpeaksOfCredentials(text) => ErrorCode.AccountAuthFailed,
        _ when Transient().IsMatch(text) => ErrorCode.AccountUnavailable,
        _ => null,
    };

    private static Upstream? Upstream(Exception exception, string? tail)
    {
        var status = exception switch
        {
            _ when tail is null => null,
            CommandException or AuthenticationException => Tagged().Matches(tail).LastOrDefault(),
            // Counts only as the last line: the same signs may be part of a message.
            _ => Farewell().Match(tail) is { Success: true } bye ? bye : Greeting().Match(tail) is { Success: true } greeting ? greeting : null,
        };
        if (status is not null)
        {
            var code = status.Groups["code"];
            return new Upstream(code.Success ? code.Value : null, Printable(status.Groups["text"].Value));
        }
        return exception switch
        {
            ImapCommandException command => new Upstream(null, Printable(command.ResponseText)),
            SmtpCommandException command => new Upstream(((int)command.StatusCode).ToString(CultureInfo.InvariantCulture), Printable(command.Message)),
            AuthenticationException authentication when Reply().Match(authentication.Message) is { Success: true } reply =>
                new Upstream(reply.Groups["code"].Value, Printable(reply.Groups["text"].Value)),
            AuthenticationException authentication => new Upstream(null, Printable(authentication.Message)),
            _ => null,
        };
    }

    /// <summary>Removes response codes that are not known. To a server that repeats secrets a response code is free text, of which it may send any piece.</summary>
    private static Upstream? Shown(Upstream? upstream, Redaction secrets) => upstream is null ? null : new Upstream(
        upstream.Code?.ToUpperInvariant() is { } code && (ByResponseCode(code) is not null || ByReplyCode(code) is not null || OtherCodes.Contains(code)) ? code : null,
        secrets.Apply(upstream.Text) is { } text ? text[..Math.Min(text.Length, LongestText)] : null);

    private static string Printable(string? text) => new([.. (text ?? "").Trim().Where(c => !char.IsControl(c))]);

    private static string Detail(ErrorCode code, Exception exception, string? tail, bool loggingIn) => code switch
    {
        ErrorCode.AccountProtocol when loggingIn && tail is not null && Greeting().Match(tail) is { Success: true } greeting => greeting.Groups["pop"].Success
            ? "This is the port of a POP3 server. Give the port of an IMAP server: 993 with TLS, else 143."
            : "The mail server has refused the connection in its greeting.",
        ErrorCode.AccountAuthFailed => "The mail server refused the credentials. Give the account new ones.",
        ErrorCode.AccountLimit => "The mail server allows no more connections for this account. Lower Imap:MaxSessionsPerAccount or close other clients.",
        ErrorCode.AccountThrottled => "The mail server throttles this account.",
        ErrorCode.AccountQuota => "The account has used up its quota on the mail server.",
        ErrorCode.AccountTimeout when loggingIn => "The mail server did not answer in time. Check host, port and security.",
        ErrorCode.AccountTimeout => "The mail server did not answer in time.",
        ErrorCode.AccountUnavailable => Unreachable(exception) ?? "The mail server cannot be reached or has closed the connection.",
        ErrorCode.AccountDenied => "The mail server denied the operation.",
        ErrorCode.NotFound => "The mail server does not have it.",
        ErrorCode.Gone => Problem.MessageGone.Detail,
        ErrorCode.Conflict => "The mail server says that it exists already.",
        ErrorCode.Unprocessable => "The mail server says that this can never be done.",
        ErrorCode.AccountProtocol when FloodException.In(exception) is { } flood => $"{flood.Message} The connection was closed.",
        ErrorCode.AccountProtocol when Tls(exception) is { } reason => reason,
        ErrorCode.AccountProtocol when exception is CommandException => "The mail server has refused the command as one that it does not understand.",
        ErrorCode.AccountProtocol => "The mail server's answer makes no sense. Check host, port and security.",
        _ => "The gateway failed.",
    };

    private static string? Unreachable(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is SocketException socket)
            {
                return socket.SocketErrorCode switch
                {
                    SocketError.HostNotFound or SocketError.NoData => "The host name of the mail server cannot be resolved. Check the host.",
                    SocketError.TryAgain or SocketError.NoRecovery => "The host name of the mail server cannot be resolved now: the DNS server does not answer.",
                    SocketError.ConnectionRefused => "The mail server refuses connections to this port. Check host and port.",
                    SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.NetworkDown => "There is no route to the mail server.",
                    SocketError.TimedOut => "The mail server does not accept the connection in time. Check host and port.",
                    _ => null,
                };
            }
        }
        return null;
    }

    private static string? Tls(Exception exception) => exception switch
    {
        System.Security.Authentication.AuthenticationException e when e.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase) =>
            "The mail server's TLS certificate is not valid for this host. For a self-signed one set allowInvalidCertificate.",
        System.Security.Authentication.AuthenticationException or SslHandshakeException => "No TLS could be agreed on. Check the port, and security (tls, starttls, none).",
        _ when exception.Message.Contains("STARTTLS", StringComparison.Ordinal) => "The mail server offers no STARTTLS on this port.",
        _ => null,
    };

    private static TimeSpan? RetryAfter(ErrorCode code, string? text) => code switch
    {
        ErrorCode.AccountThrottled when Suggested().Match(text ?? "") is { Success: true } wait => TimeSpan.FromMilliseconds(long.Parse(wait.Groups[1].ValueSpan, CultureInfo.InvariantCulture)),
        ErrorCode.AccountThrottled or ErrorCode.AccountLimit => Later,
        ErrorCode.AccountUnavailable or ErrorCode.AccountTimeout => Soon,
        _ => null,
    };

    [GeneratedRegex(@"passw|credential|user ?name", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OfCredentials();

    /// <summary>Matches a first line of the connection that is no OK: from a server of another protocol, or one that accepts no clients.</summary>
    [GeneratedRegex(@"\A(?:\* (?:NO|BAD) |(?<pop>\+OK|-ERR) ?)(?:\[(?<code>[A-Z0-9\-]+)[^\]\r\n]*\] ?)?(?<text>[^\r\n]*)\r?\n\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Greeting();

    [GeneratedRegex(@"^(?:[A-Z][0-9]{8}|A) (?:NO|(?<bad>BAD))(?=[ \r\n]) ?(?:\[(?<code>[A-Z0-9\-]+)[^\]\r\n]*\] ?)?(?<text>[^\r\n]*)", RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Tagged();

    [GeneratedRegex(@"(?:^|\n)[A-Z][0-9]{8} (?:NO|(?<bad>BAD))(?=[ \r\n])[^\r\n]*\r?\n\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex LastRefusal();

    [GeneratedRegex(@"(?:^|\n)\* BYE (?:\[(?<code>[A-Z0-9\-]+)[^\]\r\n]*\] ?)?(?<text>[^\r\n]*)\r?\n?\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Farewell();

    [GeneratedRegex(@"^(?<code>[2-5][0-9]{2}): (?<text>.*)", RegexOptions.Singleline)]
    private static partial Regex Reply();

    [GeneratedRegex(@"too many (simultaneous |concurrent |open )?(connections|sessions)|maximum (number of )?connections|connection limit|mail_max_userip_connections", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ConnectionLimit();

    [GeneratedRegex(@"throttl|rate limit|backoff time|too many ((failed |invalid )?(requests|commands|logins?|authentications?)( attempts| failures)?|attempts|failures)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Throttling();

    [GeneratedRegex(@"authenticated but not connected|temporar|try again|unavailable|(internal|system|server|backend|database) error|internal server error", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Transient();

    [GeneratedRegex(@"backoff time: ([0-9]{1,9}) milliseconds", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Suggested();
}
