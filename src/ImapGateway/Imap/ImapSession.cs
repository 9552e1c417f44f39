using System.Diagnostics;
using System.Net.Sockets;
using ImapGateway.Egress;
using ImapGateway.Mail;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Security;

namespace ImapGateway.Imap;

/// <summary>A logged-in connection. It is a single-threaded state machine: a caller that has leased it from <see cref="ImapPool"/> uses it alone. Remembers the mailbox it has selected.</summary>
public sealed partial class ImapSession : IAsyncDisposable
{
    private static readonly TimeSpan LogoutTimeout = TimeSpan.FromSeconds(2);

    /// <summary>The maximum number of octets that a server may send during the login.</summary>
    private const long MostAtLogin = 4L << 20;

    /// <summary>
    /// The maximum number of octets that a server may send to one job, except for streams: flags of 500,000 messages take half of it. <see cref="AnswerLimit"/> has the limits of single commands.
    /// </summary>
    private const long MostPerJob = 64L << 20;

    /// <summary>The maximum number of octets that a server may send in addition to a stream, or during IDLE.</summary>
    private const long MostBeside = 8L << 20;

    /// <summary>The maximum number of names that one connection can use, for each mailbox that the account can have: some mailboxes are renamed or deleted during the connection.</summary>
    private const int NamesPerMailbox = 3;

    private const int NamesBeside = 1000;

    private readonly StreamingImapClient _client;
    private readonly ServerStream _stream;
    private readonly long _began = Stopwatch.GetTimestamp();
    private ImapCapabilities _withheld;
    private ImapFolder? _selected;
    private uint _viewUidNext;
    private bool _notified;

    private ImapSession(StreamingImapClient client, ServerStream stream, Quirks quirks)
    {
        (_client, _stream, Quirks) = (client, stream, quirks);
        client.OpenPlainly = OpenPlainlyAsync;
    }

    public ImapClient Client => _client;

    /// <summary>The capabilities advertised after login, without those that the server refuses. The tier depends only on them.</summary>
    public ImapCapabilities Capabilities => _client.Capabilities;

    public string? SelectedPath => _selected is { IsOpen: true } ? _selected.Path : null;

    public int Commands => _stream.Commands;

    /// <summary>True if the server identifies itself as Dovecot (RFC 2971).</summary>
    public bool IsDovecot { get; private set; }

    /// <summary>True if the greeting of the server is that of Courier, which does not know ID (RFC 2971).</summary>
    public bool IsCourier { get; private init; }

    /// <summary>
    /// True if the connection keeps listing the shares that existed when it logged in. Dovecot's acl plugin checks once an hour which users share mailboxes with the account, separately for each
    /// connection. No capability shows this.
    /// </summary>
    public bool KeepsShares => IsDovecot && _client.OtherNamespaces.Count > 0;

    /// <summary>The time since the login.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(_began);

    /// <summary>Limits the number of mailboxes that the server can list.</summary>
    public ListingLimit Listing => _stream.Listing!;

    /// <summary>Called when a mailbox has just been selected. A caller that reads it now knows everything that was reported about it before.</summary>
    public Action<string>? Opened { get; set; }

    /// <summary>The extensions that the server advertises and refuses; shared with the other sessions of the account.</summary>
    public Quirks Quirks { get; }

    /// <summary>True once the server has refused part 1 of a message that is not a multipart, and sent its text.</summary>
    public bool ReadsPartOneAsText { get; set; }

    /// <summary>Called with each command, without its tag, before it is sent.</summary>
    public Func<ReadOnlyMemory<byte>, ValueTask>? Sending { set => _stream.Sending = value; }

    /// <summary>The uids of the messages that the server has answered in the last FETCH, even if it has failed.</summary>
    public HashSet<uint> Answered => _client.Answered;

    /// <inheritdoc cref="FetchFilter.Sizes"/>
    public IReadOnlyDictionary<uint, long> LargeSizes => _stream.Sizes;

    /// <summary>Limits the silence of the server to this time until the result is disposed.</summary>
    public IDisposable Await(TimeSpan silence)
    {
        _stream.Await(silence);
        return new Patience(_stream);
    }

    private sealed class Patience(ServerStream stream) : IDisposable
    {
        public void Dispose() => stream.Await(null);
    }

    public bool IsUsable => _stream.IsOpen && _client.IsConnected && _client.IsAuthenticated;

    /// <summary>True if the server was silent for too long, or took too long altogether.</summary>
    public bool TimedOut => _stream.TimedOut;

    /// <summary>The time since the last octet from the server.</summary>
    public TimeSpan Silence => _stream.Silence;

    /// <summary>True if data came while the session was not in use: news, a BYE, or the end of the connection.</summary>
    public bool HasUnread => _stream.HasUnread;

    /// <summary>Connects, logs in, identifies the gateway (RFC 2971) and enables the extensions that must be enabled before the first SELECT (RFC 7162 section 3.2.3).</summary>
    /// <param name="quirks">The extensions that the server is known to refuse.</param>
    /// <param name="connected">Called when the server can be reached, before it has sent anything.</param>
    /// <exception cref="ProblemException">Any failure, classified.</exception>
    public static async Task<ImapSession> ConnectAsync(
        ServerConnection connection, MailServer server, Credential credential, TimeSpan timeout, Quirks quirks, CancellationToken cancel, Action? connected = null)
    {
        ServerStream? stream = null;
        StreamingImapClient? client = null;
        try
        {
            stream = await connection.OpenAsync(server, credential, EgressPurpose.Imap, timeout, cancel);
            connected?.Invoke();
            using var limit = stream.Limit(2 * timeout);
            stream.Allow(ServerConnection.MostBeforeLogin);
            var answers = new AnswerLimit();
            stream.Answers = answers;
            client = new StreamingImapClient(answers, stream.Listing!.Most * NamesPerMailbox + NamesBeside) { Parsed = stream.Parsed };
            await client.ConnectAsync(stream, server.Host, server.Port, SecureSocketOptions.None, cancel);
            var isCourier = stream.Tail.Contains("Courier-IMAP", StringComparison.Ordinal);
            stream.Allow(MostAtLogin);
            var login = new LoginQuirks(stream, quirks);
            await LogInAsync(client, server.Username, credential, cancel);
            login.End();
            client.Capabilities &= ~quirks.Refused;
            var session = new ImapSession(client, stream, quirks) { IsCourier = isCourier };
            await session.PrepareAsync(cancel);
            stream.Allow(long.MaxValue);
            stream.Memory?.Clear();
            return session;
        }
        catch (Exception e)
        {
            var failure = ImapFailure.Explain(e, stream, loggingIn: true);
            client?.Dispose();
            if (stream is not null)
            {
                await stream.DisposeAsync();
            }
            if (e is OperationCanceledException)
            {
                throw;
            }
            throw failure;
        }
    }

    // AuthenticateAsync(user, password) tries mechanism after mechanism: each wrong password would count twice towards a lock-out.
    private static async Task LogInAsync(ImapClient client, string username, Credential credential, CancellationToken cancel)
    {
        if (client.IsAuthenticated)
        {
            throw Refuse("The mail server takes the gateway for somebody who has logged in already (PREAUTH). Check host and port.");
        }
        var offered = client.AuthenticationMechanisms;
        switch (credential.Kind)
        {
            case CredentialKind.AccessToken when offered.Contains("OAUTHBEARER"):
                await client.AuthenticateAsync(new SaslMechanismOAuthBearer(SaslName(username), credential.Secret), cancel);
                break;
            case CredentialKind.AccessToken when offered.Contains("XOAUTH2"):
                await client.AuthenticateAsync(new SaslMechanismOAuth2(username, credential.Secret), cancel);
                break;
            case CredentialKind.AccessToken:
                throw Refuse("The mail server takes no access tokens here: it offers neither OAUTHBEARER nor XOAUTH2. Check host, port and security.");
            case CredentialKind.Password when offered.Contains("PLAIN"):
                await client.AuthenticateAsync(new SaslMechanismPlain(username, credential.Secret), cancel);
                break;
            case CredentialKind.Password when !client.Capabilities.HasFlag(ImapCapabilities.LoginDisabled):
                offered.Clear();
                await client.AuthenticateAsync(username, credential.Secret, cancel);
                break;
            case CredentialKind.Password when offered.Contains("LOGIN"):
                await client.AuthenticateAsync(new SaslMechanismLogin(username, credential.Secret), cancel);
                break;
            default:
                throw Refuse("The mail server takes no passwords here (LOGINDISABLED). Set security to tls or starttls, or give an access token.");
        }
    }

    /// <summary>Escapes a user name for SASL (RFC 5801 section 4). A comma would end the name; MailKit writes it as it is.</summary>
    private static string SaslName(string username) => username.Replace("=", "=3D", StringComparison.Ordinal).Replace(",", "=2C", StringComparison.Ordinal);

    private static ProblemException Refuse(string reason) => new(ErrorCode.AccountProtocol, reason);

    /// <summary>Selects a mailbox. Uses EXAMINE unless the caller writes, so reading changes nothing in the mailbox.</summary>
    /// <param name="path">The path as the server lists it, decoded.</param>
    /// <param name="uidValidity">The UIDVALIDITY that the caller's uids belong to; 0 if it has none.</param>
    /// <param name="highestUid">The highest uid that the caller will request: an older view is refreshed first.</param>
    /// <exception cref="ProblemException"><see cref="ErrorCode.Gone"/> if UIDVALIDITY has changed: the caller's uids mean other messages now.</exception>
    public async Task<ImapFolder> SelectAsync(string path, bool write = false, uint uidValidity = 0, uint highestUid = 0)
    {
        if (_selected is { IsOpen: true } open && open.Path == path && (!write || open.Access == FolderAccess.ReadWrite))
        {
            if (highestUid >= _viewUidNext)
            {
                await _client.NoOpAsync();
                _viewUidNext = highestUid == uint.MaxValue ? highestUid : highestUid + 1;
            }
        }
        else
        {
            var folder = await FolderAsync(path);
            await LeaveAsync();
            _selected = null;
            await folder.OpenAsync(write ? FolderAccess.ReadWrite : FolderAccess.ReadOnly);
            NowSelected(folder);
        }
        if (write && _selected!.Access != FolderAccess.ReadWrite)
        {
            throw new ProblemException(ErrorCode.AccountDenied, "The mail server lets the account only read this mailbox (READ-ONLY).");
        }
        if (uidValidity != 0 && _selected!.UidValidity != uidValidity)
        {
            throw new ProblemException(ErrorCode.Gone, "The mail server has given the mailbox a new UIDVALIDITY: the ids of its messages are gone.");
        }
        return _selected!;
    }

    /// <summary>Selects the mailbox again, so that the next commands use its current state.</summary>
    public async Task<ImapFolder> ReselectAsync(string path, Func<ImapFolder, Task> open)
    {
        var folder = await FolderAsync(path);
        await LeaveAsync();
        // After a failed SELECT nothing is selected any more (RFC 3501 section 6.3.1); MailKit still shows the earlier mailbox as open.
        _selected = null;
        await open(folder);
        NowSelected(folder);
        return folder;
    }

    /// <summary>Refreshes the session's view. STATUS of the selected mailbox may be as old as this view (RFC 3501 section 6.3.10); afterwards it is not.</summary>
    public async Task RefreshViewAsync()
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
                // Without UNSELECT (RFC 3691) only selecting another mailbox leaves this one; CLOSE would expunge. A refused SELECT leaves none selected.
                await SwallowRefusalAsync(() => _client.Inbox.OpenAsync(FolderAccess.ReadOnly));
            }
        }
        _selected = null;
    }

    /// <summary>
    /// Sends NOOP before the session leaves a mailbox. With NOTIFY, Dovecot never reports a change that came while a mailbox was selected and was not reported before it was left. NOOP makes it
    /// report the change.
    /// </summary>
    private async Task LeaveAsync()
    {
        if (_notified && _selected is { IsOpen: true })
        {
            await _client.NoOpAsync();
        }
    }

    private void NowSelected(ImapFolder folder)
    {
        _selected = folder;
        _stream.Answers!.Exists = Math.Max(0, folder.Count);
        Opened?.Invoke(folder.Path);
        _viewUidNext = folder.UidNext is { IsValid: true } next ? next.Id : 0;
    }

    /// <summary>Lets a sink receive the literals of <paramref name="fetch"/> as they arrive.</summary>
    public async Task StreamAsync(LiteralStream sink, Func<Task> fetch)
    {
        var allowance = _stream.Allowance;
        _stream.Allow(MostBeside);
        _client.Sink = sink;
        sink.Taken = _stream.GiveBack;
        _stream.BeforeRead = sink.HandOnAsync;
        try
        {
            await fetch();
        }
        finally
        {
            _stream.BeforeRead = null;
            _client.Sink = null;
            _stream.Allow(allowance);
            _stream.Memory?.Clear();
        }
    }

    /// <summary>Runs a call of MailKit, but sends another command with answers of the same kind in place of its own. MailKit cannot express every IMAP command.</summary>
    /// <param name="command">The command to send; null sends MailKit's own.</param>
    public async Task SendInsteadAsync(SectionCommand? command, Func<Task> call)
    {
        _stream.NextCommand = command is null ? null : _ => command.ToString();
        try
        {
            await call();
        }
        finally
        {
            _stream.NextCommand = null;
            _client.ForgetSections();
        }
    }

    /// <inheritdoc cref="StreamingImapClient.With"/>
    public IReadOnlyList<SectionStream> With(SectionStream section) => _client.With(section);

    /// <summary>Ends the session unless the result is disposed within <paramref name="limit"/>, or if the server sends too much. No server can occupy a worker for ever.</summary>
    public IDisposable Begin(TimeSpan limit)
    {
        _withheld |= _client.Capabilities & Quirks.Refused;
        _client.Capabilities &= ~Quirks.Refused;
        _stream.Allow(MostPerJob);
        return new Job(_stream, _stream.Limit(limit));
    }

    private sealed class Job(ServerStream stream, IDisposable limit) : IDisposable
    {
        public void Dispose()
        {
            limit.Dispose();
            stream.Memory?.Clear();
        }
    }

    /// <summary>Receives data that came while the session was not in use; false if the connection has ended.</summary>
    public async Task<bool> RefreshAsync(TimeSpan limit)
    {
        using var _ = Begin(limit);
        try
        {
            await _client.NoOpAsync();
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException or ProtocolException or CommandException or ServiceNotConnectedException or ObjectDisposedException)
        {
            Abort();
        }
        return IsUsable;
    }

    public ProblemException Explain(Exception exception) => ImapFailure.Explain(exception, _stream);

    /// <summary>Closes the socket during a running command.</summary>
    public void Abort() => _stream.Abort();

    public async ValueTask DisposeAsync()
    {
        if (IsUsable)
        {
            using var limit = Begin(LogoutTimeout);
            try
            {
                await _client.DisconnectAsync(quit: true);
            }
            catch (Exception e) when (e is TimeoutException or IOException or SocketException or ProtocolException or ObjectDisposedException)
            {
                // The server does not answer LOGOUT; the socket is closed all the same.
            }
        }
        _client.Dispose();
        await _stream.DisposeAsync();
    }
}
