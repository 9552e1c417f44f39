namespace ImapGateway.IntegrationTests.Servers;

/// <summary>A real mail server as a child process on a loopback port. Passwords are <see cref="DovecotServer.Password"/>.</summary>
public interface IMailServer : IAsyncDisposable
{
    /// <summary>IMAP without TLS.</summary>
    int Port { get; }

    /// <summary>The login of a user whose mailboxes nobody has used yet.</summary>
    string NewUser();

    /// <summary>Kills all processes of the server: connections end without BYE.</summary>
    Task Stop();

    /// <summary>Starts again on the same port and mail.</summary>
    Task Resume();
}
