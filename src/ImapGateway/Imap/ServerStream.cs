using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using ImapGateway.Mail;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>
/// The only stream between MailKit and the socket. It adds functions that MailKit lacks: the gateway's own TLS, a limit on the server's silence, back pressure from a slow reader, the last bytes
/// the server sent (MailKit drops response codes and BYE texts), a count of commands, and TCP_QUICKACK: servers that write an answer in pieces without TCP_NODELAY (Cyrus, Courier) otherwise cost
/// 44 ms a piece (Nagle against delayed ACK).
/// </summary>
public sealed class ServerStream : SequentialStream
{
    private const int IpProtoTcp = 6;
    private const int TcpQuickAck = 12;
    private const int TagLength = 9;

    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly SilenceLimit _reading;
    private readonly SilenceLimit _writing;
    private readonly IncomingAnswers _incoming = new();
    private readonly OutgoingLines _outgoing = new();
    private readonly TimeSpan _silence;
    private Stream _inner;
    private ReadOnlyMemory<byte> _ahead;
    private long _heard;
    private volatile bool _timedOut;
    private volatile bool _aborted;
    private volatile bool _isTooSlow;
    private volatile bool _isReading;
    private AnswerMemory.Answer? _memory;

    public ServerStream(Socket socket, Redaction secrets, TimeSpan silence, TimeProvider time)
    {
        Secrets = secrets;
        _socket = socket;
        _time = time;
        _silence = silence;
        _heard = time.GetTimestamp();
        _inner = new NetworkStream(socket, ownsSocket: true);
        _reading = new SilenceLimit(silence, time);
        _writing = new SilenceLimit(silence, time);
    }

    /// <summary>The secrets that this server receives and may repeat. They are removed from all text about the connection.</summary>
    public Redaction Secrets { get; }

    /// <summary>The number of commands sent so far. MailKit's tags are a letter and eight digits.</summary>
    public int Commands { get; private set; }

    /// <summary>Replaces the next command: receives it without its tag and line end, and returns the command to send under its tag.</summary>
    public Func<string, string>? NextCommand { get; set; }

    /// <summary>Awaited before every read from the server: a full sink slows the socket and does not fill the memory.</summary>
    public Func<ValueTask>? BeforeRead { get; set; }

    /// <summary>Counts the answers to each command; null if there are no commands on this connection.</summary>
    public AnswerLimit? Answers
    {
        get => _incoming.Limit;
        set => _incoming.Limit = value;
    }

    /// <summary>Counts the memory that the answers take; null if they take very little.</summary>
    public AnswerMemory.Answer? Memory
    {
        get => _memory;
        set
        {
            _memory = value;
            if (value is not null)
            {
                value.TooSlow = EndSlowAnswer;
            }
        }
    }

    /// <summary>Called with each command, without its tag, before it is sent.</summary>
    public Func<ReadOnlyMemory<byte>, ValueTask>? Sending { get; set; }

    /// <summary>Shortens the answers to LIST; null if there are none on this connection.</summary>
    public ListingLimit? Listing
    {
        get => _incoming.Listing;
        set => _incoming.Listing = value;
    }

    /// <summary>Called when the server says that it has stopped reporting changes (RFC 5465 section 5.8). No other signal comes, and silence follows.</summary>
    public Action? NotificationsOverflowed
    {
        get => _incoming.NotificationsOverflowed;
        set => _incoming.NotificationsOverflowed = value;
    }

    /// <summary>True once the server was silent for too long, or took too long altogether. The connection is useless then.</summary>
    public bool TimedOut => _timedOut;

    /// <summary>The time since the last octet from the server.</summary>
    public TimeSpan Silence => _time.GetElapsedTime(Volatile.Read(ref _heard));

    /// <summary>False once the connection was given up. MailKit notices it later.</summary>
    public bool IsOpen => !_timedOut && !_aborted;

    /// <summary>True if the server has sent data that were not read, or has closed the connection.</summary>
    public bool HasUnread
    {
        get
        {
            try
            {
                return !_ahead.IsEmpty || _socket.Poll(0, SelectMode.SelectRead);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return true;
            }
        }
    }

    /// <summary>The last bytes from the server, decrypted, at most 512.</summary>
    public string Tail => _incoming.Tail;

    public async Task StartTlsAsync(SslClientAuthenticationOptions options, CancellationToken cancel)
    {
        var tls = new SslStream(_inner, leaveInnerStreamOpen: false);
        _inner = tls;
        await tls.AuthenticateAsClientAsync(options, cancel);
    }

    /// <summary>Sets the bytes that the next reads return before any data from the server. They replace the greeting that STARTTLS has used up.</summary>
    public void Replay(ReadOnlyMemory<byte> bytes) => _ahead = bytes;

    /// <summary>Closes the socket during a read or write.</summary>
    public void Abort()
    {
        _aborted = true;
        _socket.Close(0);
        Memory?.Clear();
    }

    /// <summary>Sets the longest silence of the server from now on, and for the read that waits already. Null restores the normal limit.</summary>
    public void Await(TimeSpan? silence) => _reading.Change(silence ?? _silence);

    /// <summary>Ends the connection unless the result is disposed within <paramref name="total"/>. A server that sends an octet now and then is never silent, and never done.</summary>
    public IDisposable Limit(TimeSpan total) => _time.CreateTimer(static state => ((ServerStream)state!).GiveUp(), this, total, Timeout.InfiniteTimeSpan);

    /// <summary>Sets the number of octets that may come from the server until the next call.</summary>
    public void Allow(long octets) => _incoming.Allowance = octets;

    /// <summary>The number of octets that may still come.</summary>
    public long Allowance => _incoming.Allowance;

    /// <summary>Counts octets that were passed on and no longer occupy memory. They came as a literal, so MailKit is in no list of lists.</summary>
    public void GiveBack(long octets)
    {
        _incoming.Allowance += octets;
        Memory?.GiveBack(octets);
        _incoming.Parsed();
    }

    /// <inheritdoc cref="FetchFilter.Sizes"/>
    public IReadOnlyDictionary<uint, long> Sizes => _incoming.Sizes;

    /// <summary>Records that MailKit is in no nested list now.</summary>
    public void Parsed() => _incoming.Parsed();

    /// <summary>Ends the connection if its answer is too slow, but not while the answer is being parsed and used: then the server is not the slow side.</summary>
    private void EndSlowAnswer()
    {
        if (_isReading)
        {
            _isTooSlow = true;
            Abort();
        }
    }

    private void GiveUp()
    {
        _timedOut = true;
        _socket.Close(0);
        Memory?.Clear();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_incoming.HasBrackets)
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }
        while (_ahead.IsEmpty)
        {
            if (BeforeRead is { } beforeRead)
            {
                await beforeRead();
            }
            _isReading = true;
            var read = await WithinSilenceAsync(_reading, static (stream, bytes, cancel) => stream._inner.ReadAsync(bytes, cancel), buffer, cancellationToken);
            _isReading = false;
            if (read > 0)
            {
                Volatile.Write(ref _heard, _time.GetTimestamp());
                _incoming.Remember(buffer.Span[..read]);
            }
            if (OperatingSystem.IsLinux())
            {
                QuickAcknowledge();
            }
            if (read > 0 && _incoming.IsFiltered(read))
            {
                _ahead = Filter(buffer.Span[..read]);
                continue;
            }
            if (read == 0 && _incoming.End() is { IsEmpty: false } rest)
            {
                _ahead = rest;
                continue;
            }
            var piece = _incoming.PieceOf(buffer.Span[..read]);
            _ahead = piece == read ? default : buffer[piece..read].ToArray();
            return await InspectAsync(buffer[..piece]);
        }
        var next = _incoming.PieceOf(_ahead.Span[..Math.Min(buffer.Length, _ahead.Length)]);
        _ahead[..next].CopyTo(buffer);
        _ahead = _ahead[next..];
        return await InspectAsync(buffer[..next]);
    }

    private ReadOnlyMemory<byte> Filter(ReadOnlySpan<byte> octets)
    {
        try
        {
            return _incoming.Filter(octets);
        }
        catch (FloodException)
        {
            Abort();
            throw;
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_outgoing.IsAtStart && IsCommand(buffer.Span))
        {
            Commands++;
            if (NextCommand is { } change)
            {
                NextCommand = null;
                var command = Encoding.Latin1.GetString(buffer.Span[(TagLength + 1)..]).TrimEnd('\r', '\n');
                if (change(command) is var other && other != command)
                {
                    buffer = Encoding.Latin1.GetBytes($"{Encoding.Latin1.GetString(buffer.Span[..TagLength])} {other}\r\n");
                }
            }
            _incoming.Begin(Encoding.ASCII.GetString(buffer.Span[..TagLength]), buffer.Span[(TagLength + 1)..]);
            if (Sending is { } sending)
            {
                await sending(buffer[(TagLength + 1)..]);
            }
        }
        DemandOneLine(buffer.Span);
        await WithinSilenceAsync(
            _writing,
            static async (stream, bytes, cancel) =>
            {
                await stream._inner.WriteAsync(bytes, cancel);
                return bytes.Length;
            },
            System.Runtime.InteropServices.MemoryMarshal.AsMemory(buffer),
            cancellationToken);
    }

    private async ValueTask<int> WithinSilenceAsync(
        SilenceLimit limit, Func<ServerStream, Memory<byte>, CancellationToken, ValueTask<int>> work, Memory<byte> buffer, CancellationToken cancel)
    {
        var token = limit.Begin();
        using var registration = cancel.CanBeCanceled ? cancel.UnsafeRegister(static state => ((ServerStream)state!).Abort(), this) : default;
        try
        {
            return await work(this, buffer, token);
        }
        catch (Exception) when (_isTooSlow)
        {
            throw new FloodException("The mail server sends a large answer slowly, and answers to other accounts wait for its memory.");
        }
        catch (Exception e) when (_timedOut || (e is OperationCanceledException && limit.IsReached))
        {
            _timedOut = true;
            throw new TimeoutException("The server did not answer in time.", e);
        }
        catch (Exception e) when (cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException("Nobody waits for the server any more.", e, cancel);
        }
        finally
        {
            limit.End();
        }
    }

    /// <summary>Inspects the octets before MailKit sees them. Data that would overflow its stack or the gateway's memory end the connection.</summary>
    /// <returns>The number of octets, once there is room for them.</returns>
    private async ValueTask<int> InspectAsync(Memory<byte> octets)
    {
        _outgoing.ServerSpoke();
        var parsed = _incoming.ParsedOctets;
        if (_incoming.Inspect(octets.Span) is { } refusal)
        {
            Abort();
            throw refusal;
        }
        if (Memory is { } memory)
        {
            await memory.TakeAsync(octets.Length, _incoming.ParsedOctets - parsed);
        }
        return octets.Length;
    }

    /// <summary>Ends the connection rather than send octets that could be read as another command.</summary>
    private void DemandOneLine(ReadOnlySpan<byte> octets)
    {
        if (!_outgoing.Admit(octets))
        {
            Abort();
            // MailKit answers a continuation request that it did not expect (RFC 3501 section 7.5) with an empty line, which leaves the server's next response unknown.
            throw _outgoing.IsEmptyLine
                ? new ImapProtocolException("The mail server asks for the rest of a command that is complete.")
                : new InvalidOperationException("A command with more than one line was about to be sent to the mail server.");
        }
    }

    private static bool IsCommand(ReadOnlySpan<byte> bytes) =>
        bytes.Length > 10 && bytes[0] is >= (byte)'A' and <= (byte)'Z' && bytes[TagLength] == ' ' && !bytes[1..TagLength].ContainsAnyExceptInRange((byte)'0', (byte)'9');

    private void QuickAcknowledge()
    {
        Span<byte> on = [1, 0, 0, 0];
        try
        {
            _socket.SetRawSocketOption(IpProtoTcp, TcpQuickAck, on);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The socket is closing; the next read or write reports it.
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);

    public override bool CanRead => true;

    public override bool CanWrite => true;

    /// <summary>Writes the six octets that end IDLE. Only these are written synchronously: MailKit sends them from a callback, and loses its exception.</summary>
    public override void Write(byte[] buffer, int offset, int count)
    {
        try
        {
            DemandOneLine(buffer.AsSpan(offset, count));
            _inner.Write(buffer, offset, count);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            Abort();
            throw;
        }
    }

    public override void Flush() => _inner.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
            _reading.Dispose();
            _writing.Dispose();
            Memory?.Clear();
        }
        base.Dispose(disposing);
    }
}
