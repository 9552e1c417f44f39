using System.Collections.Immutable;
using System.Text.Json.Serialization;
using ImapGateway.Egress;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Responses;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;

namespace ImapGateway.Accounts;

/// <summary>The result of a trial login with the settings of an account.</summary>
/// <param name="Imap">The result for the IMAP server.</param>
/// <param name="Smtp">The result for the SMTP server, if one was given.</param>
public sealed record Verification(ServerVerification Imap, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ServerVerification? Smtp);

/// <summary>The result of a login to a server.</summary>
/// <param name="Ok" example="true">True if the login succeeded.</param>
/// <param name="Code">The code from the closed list of error codes if it failed.</param>
/// <param name="Detail">A description of what to do about it.</param>
/// <param name="Upstream">The response of the server.</param>
/// <param name="Capabilities">The capabilities of the server if the login succeeded.</param>
public sealed record ServerVerification(
    bool Ok,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull), SchemaOf(typeof(ErrorCode))] string? Code = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Detail = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Upstream? Upstream = null,
    ImmutableArray<string> Capabilities = default)
{
    [JsonIgnore]
    public Problem? Problem { get; init; }

    [JsonRequired]
    public ImmutableArray<string> Capabilities { get; init; } = Capabilities.IsDefault ? [] : Capabilities;

    public static ServerVerification Failed(Problem problem) => new(false, problem.Code.Describe().Name, problem.Detail, problem.Upstream) { Problem = problem };
}

/// <summary>Logs in to the servers of an account that is not saved yet.</summary>
public sealed class AccountVerifier(ServerConnection connection, IOptions<ImapOptions> options, TimeProvider time)
{
    private const long MostFromSmtp = 1 << 20;

    public async Task<Verification> RunAsync(ServerSettings imap, ServerSettings? smtp, CancellationToken cancel)
    {
        var inbound = VerifyImapAsync(imap, cancel);
        var outbound = smtp is null ? null : VerifySmtpAsync(smtp with { Credential = smtp.Credential ?? imap.Credential }, cancel);
        return new Verification(await inbound, outbound is null ? null : await outbound);
    }

    /// <exception cref="ProblemException">The problem of the first server that refused.</exception>
    public async Task<Verification> DemandAsync(ServerSettings imap, ServerSettings? smtp, CancellationToken cancel)
    {
        var result = await RunAsync(imap, smtp, cancel);
        return (Located(result.Imap.Problem, "imap") ?? Located(result.Smtp?.Problem, "smtp")) is { } problem ? throw new ProblemException(problem) : result;
    }

    /// <summary>Adds the member of the request to change, if the gateway itself and not the server refuses.</summary>
    private static Problem? Located(Problem? problem, string server) =>
        problem is { Code: ErrorCode.AccountPlaintextRefused } ? problem with { Errors = [new ProblemError(problem.Detail, $"/{server}/security")] } : problem;

    private async Task<ServerVerification> VerifyImapAsync(ServerSettings imap, CancellationToken cancel)
    {
        try
        {
            await using var session = await ImapSession.ConnectAsync(connection, imap.Server.ToMailServer(), imap.Credential!, options.Value.CommandTimeout, new Quirks(time, []), cancel);
            return new ServerVerification(true, Capabilities: CapabilityNames.Of(session.Capabilities));
        }
        catch (ProblemException e)
        {
            return ServerVerification.Failed(e.Problem);
        }
    }

    private async Task<ServerVerification> VerifySmtpAsync(ServerSettings smtp, CancellationToken cancel)
    {
        ServerStream? stream = null;
        try
        {
            stream = await connection.OpenAsync(smtp.Server.ToMailServer(), smtp.Credential!, EgressPurpose.Smtp, options.Value.CommandTimeout, cancel);
            using var limit = stream.Limit(2 * options.Value.CommandTimeout);
            stream.Allow(MostFromSmtp);
            using var client = new SmtpClient();
            await client.ConnectAsync(stream, smtp.Server.Host, smtp.Server.Port, SecureSocketOptions.None, cancel);
            if (client.Capabilities.HasFlag(SmtpCapabilities.Authentication))
            {
                await client.AuthenticateAsync(Mechanism(client, smtp), cancel);
            }
            await client.DisconnectAsync(quit: true, cancel);
            return new ServerVerification(true);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return ServerVerification.Failed(ImapFailure.Classify(e, tail: null, loggingIn: true, stream?.Secrets));
        }
        finally
        {
            if (stream is not null)
            {
                await stream.DisposeAsync();
            }
        }
    }

    private static SaslMechanism Mechanism(SmtpClient client, ServerSettings smtp) => smtp.Credential!.Kind switch
    {
        CredentialKind.AccessToken when client.AuthenticationMechanisms.Contains("OAUTHBEARER") => new SaslMechanismOAuthBearer(smtp.Server.Username, smtp.Credential.Secret),
        CredentialKind.AccessToken => new SaslMechanismOAuth2(smtp.Server.Username, smtp.Credential.Secret),
        _ when client.AuthenticationMechanisms.Contains("PLAIN") => new SaslMechanismPlain(smtp.Server.Username, smtp.Credential.Secret),
        _ => new SaslMechanismLogin(smtp.Server.Username, smtp.Credential.Secret),
    };
}
