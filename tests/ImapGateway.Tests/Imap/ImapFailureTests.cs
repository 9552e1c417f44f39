using System.Net.Sockets;
using ImapGateway.Imap;
using ImapGateway.Mail;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace ImapGateway.Tests.Imap;

public class ImapFailureTests
{
    private static ImapCommandException Refused(ImapCommandResponse response = ImapCommandResponse.No) => new(response, "", "");

    [Theory]
    [InlineData("NO [AUTHENTICATIONFAILED] Invalid credentials", ErrorCode.AccountAuthFailed)]
    [InlineData("NO [EXPIRED] password too old", ErrorCode.AccountAuthFailed)]
    [InlineData("NO [UNAVAILABLE] later", ErrorCode.AccountUnavailable)]
    [InlineData("NO [INUSE] locked", ErrorCode.AccountUnavailable)]
    [InlineData("NO [LIMIT] 20 mailboxes", ErrorCode.AccountLimit)]
    [InlineData("NO [THROTTLED] slow down", ErrorCode.AccountThrottled)]
    [InlineData("NO [OVERQUOTA] full", ErrorCode.AccountQuota)]
    [InlineData("NO [NOPERM] not yours", ErrorCode.AccountDenied)]
    [InlineData("NO [CONTACTADMIN] ask", ErrorCode.AccountDenied)]
    [InlineData("NO [NONEXISTENT] no mailbox", ErrorCode.NotFound)]
    [InlineData("NO [ALREADYEXISTS] is there", ErrorCode.Conflict)]
    [InlineData("NO [CANNOT] never", ErrorCode.Unprocessable)]
    [InlineData("no [Overquota] in any case of letters", ErrorCode.AccountQuota)]
    [InlineData("NO Too many simultaneous connections. (Failure)", ErrorCode.AccountLimit)]
    [InlineData("NO Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)", ErrorCode.AccountLimit)]
    [InlineData("BAD Request is throttled. Suggested Backoff Time: 299962 milliseconds", ErrorCode.AccountThrottled)]
    [InlineData("BAD User is authenticated but not connected.", ErrorCode.AccountUnavailable)]
    [InlineData("NO Server Unavailable. 15", ErrorCode.AccountUnavailable)]
    [InlineData("NO just no", ErrorCode.AccountDenied)]
    public void A_refused_command_is_judged_by_its_code_then_by_its_words(string answer, ErrorCode expected)
    {
        var problem = ImapFailure.Classify(Refused(), $"* 3 EXISTS\r\nA00000007 {answer}\r\n");
        Assert.Equal(expected, problem.Code);
        Assert.EndsWith(problem.Upstream!.Text!, answer, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_command_is_a_matter_of_protocol() =>
        Assert.Equal(ErrorCode.AccountProtocol, ImapFailure.Classify(Refused(ImapCommandResponse.Bad), "A00000007 BAD what?\r\n").Code);

    [Theory]
    [InlineData("NO LOGIN failed.", ErrorCode.AccountAuthFailed)]
    [InlineData("NO [ALERT] Please log in via your web browser", ErrorCode.AccountAuthFailed)]
    [InlineData("NO [LIMIT] Maximum number of connections from user+IP exceeded", ErrorCode.AccountLimit)]
    [InlineData("NO [UNAVAILABLE] Temporary authentication failure.", ErrorCode.AccountUnavailable)]
    [InlineData("NO Temporary authentication failure.", ErrorCode.AccountUnavailable)]
    public void A_refused_login_without_a_code_means_the_credentials(string answer, ErrorCode expected) =>
        Assert.Equal(expected, ImapFailure.Classify(new AuthenticationException("x"), $"A00000002 {answer}\r\n", loggingIn: true).Code);

    [Theory]
    [InlineData("* BYE [UNAVAILABLE] going down\r\n", ErrorCode.AccountUnavailable, "UNAVAILABLE")]
    [InlineData("* BYE Too many connections from your address\r\n", ErrorCode.AccountLimit, null)]
    [InlineData("A00000001 OK fine\r\n* BYE idle for too long\r\n", ErrorCode.AccountUnavailable, null)]
    public void A_farewell_is_heard(string tail, ErrorCode expected, string? code)
    {
        var problem = ImapFailure.Classify(new ImapProtocolException("The IMAP server has unexpectedly disconnected."), tail);
        Assert.Equal((expected, code), (problem.Code, problem.Upstream?.Code));
    }

    [Theory]
    [InlineData("NO [Tr0ub4dor&3] no")]
    [InlineData("NO [XTr0ub4dor] &3")]
    [InlineData("BAD [tr0u-b4d] no")]
    public void A_response_code_that_is_not_known_is_not_shown(string answer) =>
        Assert.Null(ImapFailure.Classify(Refused(), $"A00000007 {answer}\r\n").Upstream?.Code);

    [Fact]
    public void What_stands_in_a_message_is_no_word_of_the_server()
    {
        const string mail = "* 1 FETCH (BODY[] {300}\r\nDear Ben,\r\n* BYE [AUTHENTICATIONFAILED] secret plans\r\nA00000001 NO [OVERQUOTA] of secrets\r\nregards";
        var problem = ImapFailure.Classify(new IOException("reset"), mail);
        Assert.Equal((ErrorCode.AccountUnavailable, null), (problem.Code, problem.Upstream));
    }

    [Fact]
    public void An_answer_to_an_earlier_command_is_not_the_reason_of_a_broken_connection()
    {
        var problem = ImapFailure.Classify(new ServiceNotConnectedException(), "A00000001 NO [AUTHENTICATIONFAILED] long ago\r\n");
        Assert.Equal((ErrorCode.AccountUnavailable, null), (problem.Code, problem.Upstream));
    }

    public static TheoryData<Exception, ErrorCode> Exceptions => new()
    {
        { new FolderNotFoundException("x"), ErrorCode.NotFound },
        { new MessageNotFoundException("x"), ErrorCode.NotFound },
        { new TimeoutException(), ErrorCode.AccountTimeout },
        { new SocketException((int)SocketError.ConnectionRefused), ErrorCode.AccountUnavailable },
        { new IOException(), ErrorCode.AccountUnavailable },
        { new ObjectDisposedException("socket"), ErrorCode.AccountUnavailable },
        { new ImapProtocolException("The IMAP server has unexpectedly disconnected."), ErrorCode.AccountUnavailable },
        { new ImapProtocolException("Bye."), ErrorCode.AccountUnavailable },
        { new ImapProtocolException("IMAP session state is inconsistent, please relogin.", new ImapProtocolException("Bye.")), ErrorCode.AccountUnavailable },
        { new ImapProtocolException("Syntax error in FETCH response."), ErrorCode.AccountProtocol },
        { new System.Security.Authentication.AuthenticationException("The remote certificate is invalid"), ErrorCode.AccountProtocol },
        { new FormatException(), ErrorCode.AccountProtocol },
        { new ArgumentOutOfRangeException("uid") { Source = "MailKit" }, ErrorCode.AccountProtocol },
        { new ArgumentOutOfRangeException("uid") { Source = "ImapGateway" }, ErrorCode.Internal },
        { new InvalidOperationException("busy") { Source = "MailKit" }, ErrorCode.Internal },
        { new InvalidOperationException("a bug of ours"), ErrorCode.Internal },
        { new ProblemException(ErrorCode.Gone, "x"), ErrorCode.Gone },
    };

    [Theory, MemberData(nameof(Exceptions))]
    public void Without_words_of_the_server_the_kind_of_failure_decides(Exception failure, ErrorCode expected)
    {
        Assert.Equal(expected, ImapFailure.Classify(failure, null).Code);
        Assert.Equal(expected, ImapFailure.Classify(failure, "* OK ready\r\nA00000001 OK done\r\n").Code);
    }

    [Theory]
    [InlineData(535, "5.7.8 Error: authentication failed", ErrorCode.AccountAuthFailed)]
    [InlineData(534, "5.7.9 application-specific password required", ErrorCode.AccountAuthFailed)]
    [InlineData(454, "4.7.0 Temporary authentication failure", ErrorCode.AccountUnavailable)]
    [InlineData(421, "4.7.0 service shutting down", ErrorCode.AccountUnavailable)]
    [InlineData(421, "4.3.2 too many connections", ErrorCode.AccountLimit)]
    [InlineData(454, "4.7.0 Too many login attempts, please try again later", ErrorCode.AccountThrottled)]
    [InlineData(452, "4.2.2 mailbox full", ErrorCode.AccountQuota)]
    [InlineData(554, "5.7.1 go away", ErrorCode.AccountDenied)]
    [InlineData(502, "5.5.1 what?", ErrorCode.AccountProtocol)]
    public void A_reply_of_a_submission_server_is_judged_by_its_number_and_words(int reply, string text, ErrorCode expected)
    {
        var command = ImapFailure.Classify(new SmtpCommandException(SmtpErrorCode.UnexpectedStatusCode, (SmtpStatusCode)reply, text), null, loggingIn: true);
        var login = ImapFailure.Classify(new AuthenticationException($"{reply}: {text}"), null, loggingIn: true);
        Assert.Equal((expected, expected), (command.Code, login.Code));
        Assert.Equal(new Upstream($"{reply}", text), login.Upstream);
    }

    [Theory]
    [InlineData("NO [THROTTLED] slow down", 60)]
    [InlineData("BAD Request is throttled. Suggested Backoff Time: 299962 milliseconds", 299.962)]
    [InlineData("NO [LIMIT] Maximum number of connections", 60)]
    [InlineData("NO [UNAVAILABLE] later", 5)]
    public void Who_is_asked_to_wait_is_told_how_long(string answer, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), ImapFailure.Classify(Refused(), $"A00000001 {answer}\r\n").RetryAfter);

    [Fact]
    public void Words_of_the_server_are_short_and_printable()
    {
        var text = ImapFailure.Classify(Refused(), $"A00000001 NO \u0007bell{new string('x', 400)}").Upstream!.Text!;
        Assert.StartsWith("bellxxx", text, StringComparison.Ordinal);
        Assert.Equal(300, text.Length);
    }
}
