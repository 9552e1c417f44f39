using System.Net;
using ImapGateway.IntegrationTests.Imap;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Accounts;

/// <summary>Servers that cannot be logged in to: what the answer says, and that nobody else suffers.</summary>
public sealed class BrokenServersTests(ImpatientGateway impatient) : IClassFixture<ImpatientGateway>
{
    public static TheoryData<string, string, HttpStatusCode, string> Faces => new()
    {
        { "closed port", "account.unavailable", HttpStatusCode.ServiceUnavailable, "none" },
        { "black hole", "account.timeout", HttpStatusCode.GatewayTimeout, "none" },
        { "black hole", "account.timeout", HttpStatusCode.GatewayTimeout, "tls" },
        { "closes at once", "account.unavailable", HttpStatusCode.ServiceUnavailable, "none" },
        { "says good-bye", "account.unavailable", HttpStatusCode.ServiceUnavailable, "none" },
        { "closes in a line", "account.unavailable", HttpStatusCode.ServiceUnavailable, "none" },
        { "speaks HTTP", "account.protocol", HttpStatusCode.BadGateway, "none" },
        { "speaks SMTP", "account.protocol", HttpStatusCode.BadGateway, "none" },
        { "talks nonsense", "account.protocol", HttpStatusCode.BadGateway, "none" },
        { "line without end", "account.protocol", HttpStatusCode.BadGateway, "none" },
        { "brackets without end", "account.protocol", HttpStatusCode.BadGateway, "none" },
        { "lines without end", "account.protocol", HttpStatusCode.BadGateway, "none" },
        { "lines without end", "account.protocol", HttpStatusCode.BadGateway, "starttls" },
        { "lines without end after STARTTLS", "account.protocol", HttpStatusCode.BadGateway, "starttls" },
        { "lines without end for a handshake", "account.protocol", HttpStatusCode.BadGateway, "starttls" },
        { "lines without end in TLS", "account.protocol", HttpStatusCode.BadGateway, "starttls" },
        { "a line with the answer to STARTTLS", "account.protocol", HttpStatusCode.BadGateway, "starttls" },
        { "talks nonsense", "account.protocol", HttpStatusCode.BadGateway, "tls" },
        { "plain port", "account.protocol", HttpStatusCode.BadGateway, "tls" },
        { "plain port", "account.protocol", HttpStatusCode.BadGateway, "starttls" },
        { "wrong password", "account.auth_failed", HttpStatusCode.FailedDependency, "none" },
    };

    [Theory, MemberData(nameof(Faces))]
    public async Task What_is_wrong_is_said_nothing_is_stored_and_the_others_go_on(string face, string code, HttpStatusCode status, string security)
    {
        await using var good = ScriptedImapServer.Start();
        await using var bad = RawServer.Start(connection => ServeAsync(face, connection));
        var port = face switch
        {
            "closed port" => FreePort.Next(),
            "plain port" or "wrong password" => good.Port,
            _ => bad.Port,
        };
        var id = $"broken-{Guid.NewGuid():N}";
        var body = new { id, email = "anna@example.com", watch = "none", imap = new { host = "127.0.0.1", port, security, username = "anna", password = "wrong", allowInvalidCertificate = true } };

        var refused = (await impatient.Api.Post("/v1/accounts", body)).Is(status).IsProblem(code);
        Assert.NotEqual("", refused.Text("detail"));
        (await impatient.Api.Get($"/v1/accounts/{id}")).Is(HttpStatusCode.NotFound);
        var verified = (await impatient.Api.Post("/v1/accounts/verify", body)).Is(HttpStatusCode.OK);
        Assert.Equal(code, verified.Text("imap", "code"));

        // Stored all the same, it says the same when it is used, and in its own state.
        (await impatient.Api.Post("/v1/accounts?verify=false", body)).Is(HttpStatusCode.Created);
        (await impatient.Api.Get($"/v1/accounts/{id}/mailboxes")).Is(status).IsProblem(code);
        Assert.Equal((code == "account.auth_failed" ? "auth_failed" : "unavailable", code), State(await impatient.Api.Get($"/v1/accounts/{id}")));
        await impatient.StillWorks();
    }

    private static (string State, string Code) State(ApiAnswer account) => (account.Text("state"), account.Text("lastError", "code"));

    private static async Task ServeAsync(string face, RawServer.Connection connection)
    {
        switch (face)
        {
            case "black hole":
                break;
            case "closes at once":
                return;
            case "says good-bye":
                await connection.Say("* BYE come back later\r\n");
                return;
            case "closes in a line":
                await connection.Say("* OK ready\r\n");
                await connection.Hear();
                await connection.Say("* CAPABILITY IMAP4rev1 AUT");
                return;
            case "speaks HTTP":
                await connection.Say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
                break;
            case "speaks SMTP":
                await connection.Say("220 mail.example.com ESMTP\r\n");
                break;
            case "talks nonsense":
                await connection.Say(new byte[] { 0, 1, 2, 255, 254, 13, 10, 42, 13, 10 });
                break;
            case "line without end":
                await Flood(connection, "* OK ", "x");
                break;
            case "lines without end":
                await Flood(connection, "* OK ready\r\n", "* OK still here\r\n");
                break;
            case "lines without end after STARTTLS":
                await connection.Say("* OK ready\r\n");
                await connection.Hear();
                await Flood(connection, "", "* OK still here\r\n");
                break;
            case "lines without end for a handshake":
                await connection.Say("* OK ready\r\n");
                await connection.Hear();
                await connection.Say("A OK begin\r\n");
                await connection.Hear();
                await Flood(connection, "", "* OK still here\r\n");
                break;
            case "lines without end in TLS":
                await connection.Say("* OK ready\r\n");
                await connection.Hear();
                await connection.Say("A OK begin\r\n");
                await connection.Encrypt();
                await Flood(connection, "", "* OK still here\r\n");
                break;
            case "a line with the answer to STARTTLS":
                await connection.Say("* OK ready\r\n");
                await connection.Hear();
                await connection.Say("A OK begin\r\n* CAPABILITY IMAP4rev1\r\n");
                break;
            case "brackets without end":
                await Flood(connection, "* OK ready\r\n* X ", "(");
                break;
        }
        await connection.Listen();
    }

    /// <summary>Until the client has had enough.</summary>
    private static async Task Flood(RawServer.Connection connection, string begin, string more)
    {
        await connection.Say(begin);
        for (var chunk = string.Concat(Enumerable.Repeat(more, 8192)); ;)
        {
            await connection.Say(chunk);
        }
    }
}
