using System.Reflection;
using ImapGateway.Egress;
using ImapGateway.Mail;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Security;

namespace ImapGateway.Imap;

/// <summary>
/// One logged-in connection. A single-threaded state machine: whoever has leased it from <see cref="ImapPool"/> is alone with it.
/// Remembers the mailbox it has selected.
/// </summary>
public sealed class ImapSession : IAsyncDisposable
{
    private static readonly string Version = Assembly.GetExecutingAssembly().GetName().Version?.ToString(3) ?? "0";
    private static readonly TimeSpan LogoutTimeout = TimeSpan.FromSeconds(2);

    private readonly StreamingImapClient _client;
    private readonly ServerStream _stream;
    private ImapFolder? _selected;
    private uint _viewUidNext;

    private ImapSession(StreamingImapClient client, ServerStream stream)
    {
        _client = client;
        _stream = stream;
    }

    public ImapClient Client => _client;

    /// <summary>Capabilities as advertised after login; a tier is chosen by these and by nothing else.</summary>
    public ImapCapabilities Capabilities => _client.Capabilities;

    public string? SelectedPath => _selected is { IsOpen: true } ? _selected.FullName : null;

    public int Commands => _stream.Commands;

    public bool IsUsable => _client.IsConnected && _client.IsAuthenticated && !_stream.TimedOut;

    /// <summary>Connects, logs in, identifies the gateway (RFC 2971) and enables what needs enabling before the first SELECT (RFC 7162 section 3.2.3).</summary>
    /// <exception cref="ProblemException">Whatever goes wrong, classified.</exception>
    public static async Task<ImapSession> ConnectAsync(ServerConnection connection, MailServer server, Credential credential, TimeSpan timeout, CancellationToken cancel)
    {
        ServerStream? stream = null;
        StreamingImapClient? client = null;
        try
        {
            stream = await connection.OpenAsync(server, EgressPurpose.Imap, timeout, cancel);
            client = new StreamingImapClient();
            await client.ConnectAsync(stream, server.Host, server.Port, SecureSocketOptions.None, cancel);
            await LogInAsync(client, server.Username, credential, cancel);
            if (client.Capabilities.HasFlag(ImapCapabilities.Id))
            {
                await client.IdentifyAsync(new ImapImplementation { Name = "ImapGateway", Version = Version }, cancel);
            }
            if (client.Capabilities.HasFlag(ImapCapabilities.QuickResync))
            {
                await client.EnableQuickResyncAsync(cancel);
            }
            return new ImapSession(client, stream);
        }
        catch (Exception e)
        {
            var problem = ImapFailure.Classify(e, stream?.Tail, loggingIn: client is { IsConnected: true });
            client?.Dispose();
            if (stream is not null)
            {
                await stream.DisposeAsync();
            }
            if (e is OperationCanceledException)
            {
                throw;
            }
            throw new ProblemException(problem, e);
        }
    }

    // AuthenticateAsync(user, password) tries mechanism after mechanism: each wrong password would count twice towards a lock-out.
    private static async Task LogInAsync(ImapClient client, string username, Credential credential, CancellationToken cancel)
    {
        switch (credential.Kind)
        {
            case CredentialKind.AccessToken when client.AuthenticationMechanisms.Contains("OAUTHBEARER"):
                await client.AuthenticateAsync(new SaslMechanismOAuthBearer(username, credential.Secret), cancel);
                break;
            case CredentialKind.AccessToken:
                await client.AuthenticateAsync(new SaslMechanismOAuth2(username, credential.Secret), cancel);
                break;
            case CredentialKind.Password when client.AuthenticationMechanisms.Contains("PLAIN"):
                await client.AuthenticateAsync(new SaslMechanismPlain(username, credential.Secret), cancel);
                break;
            default:
                client.AuthenticationMechanisms.Clear();
                await client.AuthenticateAsync(username, credential.Secret, cancel);
                break;
        }
    }

    /// <summary>The mailbox, selected; EXAMINE unless it is to be written, so that nothing of it changes by being read.</summary>
    /// <param name="path">As the server lists it, decoded.</param>
    /// <param name="uidValidity">The one that the caller's uids belong to; 0 when it has none.</param>
    /// <param name="highestUid">The highest uid that the caller will ask for: a view older than it is refreshed first.</param>
    /// <exception cref="ProblemException"><see cref="ErrorCode.Gone"/> where UIDVALIDITY has changed: the caller's uids mean other messages now.</exception>
    public async Task<ImapFolder> SelectAsync(string path, bool write = false, uint uidValidity = 0, uint highestUid = 0)
    {
        if (_selected is { IsOpen: true } open && open.FullName == path && (!write || open.Access == FolderAccess.ReadWrite))
        {
            if (highestUid >= _viewUidNext)
            {
                await _client.NoOpAsync();
                _viewUidNext = highestUid == uint.MaxValue ? highestUid : highestUid + 1;
            }
        }
        else
        {
            var folder = (ImapFolder)await _client.GetFolderAsync(path);
            await folder.OpenAsync(write ? FolderAccess.ReadWrite : FolderAccess.ReadOnly);
            NowSelected(folder);
        }
        if (uidValidity != 0 && _selected!.UidValidity != uidValidity)
        {
            throw new ProblemException(ErrorCode.Gone, "The mail server has given the mailbox a new UIDVALIDITY: the ids of its messages are gone.");
        }
        return _selected!;
    }

    /// <summary>Selects anew, so that what follows sees the mailbox as it is now.</summary>
    public async Task<ImapFolder> ReselectAsync(string path, Func<ImapFolder, Task> open)
    {
        var folder = (ImapFolder)await _client.GetFolderAsync(path);
        await open(folder);
        NowSelected(folder);
        return folder;
    }

    /// <summary>STATUS of the selected mailbox may be as old as the session's view of it (RFC 3501 section 6.3.10): afterwards it is not.</summary>
    public async Task RefreshAsync()
    {
        if (_selected is { IsOpen: true })
        {
            await _client.NoOpAsync();
        }
    }

    /// <summary>Leaves the mailbox, so that it can be renamed or deleted.</summary>
    public async Task UnselectAsync()
    {
        if (_selected is { IsOpen: true } open)
        {
            if (Capabilities.HasFlag(ImapCapabilities.Unselect))
            {
                await open.CloseAsync(expunge: false);
            }
            else
            {
                // Without UNSELECT (RFC 3691) only another mailbox takes its place; CLOSE would expunge.
                await _client.Inbox.OpenAsync(FolderAccess.ReadOnly);
            }
        }
        _selected = null;
    }

    private void NowSelected(ImapFolder folder)
    {
        _selected = folder;
        _viewUidNext = folder.UidNext is { IsValid: true } next ? next.Id : 0;
    }

    /// <summary>Lets a sink receive the literals of <paramref name="fetch"/> as they arrive.</summary>
    public async Task StreamAsync(LiteralStream sink, Func<Task> fetch)
    {
        _client.Sink = sink;
        _stream.BeforeRead = sink.HandOnAsync;
        try
        {
            await fetch();
        }
        finally
        {
            _stream.BeforeRead = null;
            _client.Sink = null;
        }
    }

    public ProblemException Explain(Exception exception) =>
        exception as ProblemException ?? new ProblemException(ImapFailure.Classify(exception, _stream.Tail), exception);

    /// <summary>Closes the socket under a running command.</summary>
    public void Abort() => _stream.Abort();

    public async ValueTask DisposeAsync()
    {
        if (IsUsable)
        {
            try
            {
                await _client.DisconnectAsync(quit: true).WaitAsync(LogoutTimeout);
            }
            catch (Exception e) when (e is TimeoutException or IOException or ProtocolException)
            {
                // The server does not answer LOGOUT; the socket is closed all the same.
            }
        }
        _client.Dispose();
        await _stream.DisposeAsync();
    }
}
