using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace ImapGateway.Imap;

/// <summary>
/// The one stream under MailKit. It carries what MailKit cannot: TLS of ours, a limit on the server's silence, back pressure from a slow reader,
/// the last bytes the server sent (MailKit drops response codes and BYE texts), a count of commands, and TCP_QUICKACK: servers that write
/// an answer in pieces without TCP_NODELAY (Cyrus, Courier) otherwise cost 44 ms a piece (Nagle against delayed ACK).
/// </summary>
public sealed class ServerStream : Stream
{
    private const int IpProtoTcp = 6;
    private const int TcpQuickAck = 12;
    private const int TailLength = 512;

    private readonly Socket _socket;
    private readonly TimeSpan _silence;
    private readonly TimeProvider _time;
    private readonly byte[] _tail = new byte[TailLength];
    private Stream _inner;
    private int _tailUsed;
    private ReadOnlyMemory<byte> _replay;
    private CancellationTokenSource _deadline;

    public ServerStream(Socket socket, TimeSpan silence, TimeProvider time)
    {
        _socket = socket;
        _silence = silence;
        _time = time;
        _inner = new NetworkStream(socket, ownsSocket: true);
        _deadline = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
    }

    /// <summary>Commands sent so far; MailKit's tags are a letter and eight digits.</summary>
    public int Commands { get; private set; }

    /// <summary>Awaited before every read from the server: a full sink slows the socket, not the memory.</summary>
    public Func<ValueTask>? BeforeRead { get; set; }

    /// <summary>True once the server was silent for too long; the connection is useless then.</summary>
    public bool TimedOut { get; private set; }

    /// <summary>The last bytes from the server, decrypted, at most 512.</summary>
    public string Tail => Encoding.Latin1.GetString(_tail, 0, _tailUsed);

    public async Task StartTlsAsync(SslClientAuthenticationOptions options, CancellationToken cancel)
    {
        var tls = new SslStream(_inner, leaveInnerStreamOpen: false);
        _inner = tls;
        await tls.AuthenticateAsClientAsync(options, cancel);
    }

    /// <summary>What the next reads return before anything from the server; stands in for the greeting that STARTTLS has used up.</summary>
    public void Replay(ReadOnlyMemory<byte> bytes) => _replay = bytes;

    /// <summary>Closes the socket under whoever reads or writes.</summary>
    public void Abort() => _socket.Close(0);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_replay.IsEmpty)
        {
            var count = Math.Min(buffer.Length, _replay.Length);
            _replay[..count].CopyTo(buffer);
            _replay = _replay[count..];
            return count;
        }
        if (BeforeRead is { } beforeRead)
        {
            await beforeRead();
        }
        var read = await WithinSilenceAsync(static (stream, bytes, cancel) => stream._inner.ReadAsync(bytes, cancel), buffer, cancellationToken);
        Remember(buffer.Span[..read]);
        if (OperatingSystem.IsLinux())
        {
            QuickAcknowledge();
        }
        return read;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Commands += IsCommand(buffer.Span) ? 1 : 0;
        await WithinSilenceAsync(
            static async (stream, bytes, cancel) =>
            {
                await stream._inner.WriteAsync(bytes, cancel);
                return bytes.Length;
            },
            System.Runtime.InteropServices.MemoryMarshal.AsMemory(buffer),
            cancellationToken);
    }

    private async ValueTask<int> WithinSilenceAsync(Func<ServerStream, Memory<byte>, CancellationToken, ValueTask<int>> work, Memory<byte> buffer, CancellationToken cancel)
    {
        if (!_deadline.TryReset())
        {
            _deadline.Dispose();
            _deadline = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        }
        _deadline.CancelAfter(_silence);
        using var registration = cancel.CanBeCanceled ? cancel.UnsafeRegister(static state => ((ServerStream)state!).Abort(), this) : default;
        try
        {
            return await work(this, buffer, _deadline.Token);
        }
        catch (OperationCanceledException) when (_deadline.IsCancellationRequested)
        {
            TimedOut = true;
            throw new TimeoutException($"The server was silent for {_silence.TotalSeconds:0} s.");
        }
        finally
        {
            _deadline.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    private static bool IsCommand(ReadOnlySpan<byte> bytes) =>
        bytes.Length > 10 && bytes[0] is >= (byte)'A' and <= (byte)'Z' && bytes[9] == ' ' && !bytes[1..9].ContainsAnyExceptInRange((byte)'0', (byte)'9');

    private void Remember(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= TailLength)
        {
            bytes[^TailLength..].CopyTo(_tail);
            _tailUsed = TailLength;
            return;
        }
        var keep = Math.Min(_tailUsed, TailLength - bytes.Length);
        _tail.AsSpan(_tailUsed - keep, keep).CopyTo(_tail);
        bytes.CopyTo(_tail.AsSpan(keep));
        _tailUsed = keep + bytes.Length;
    }

    private void QuickAcknowledge()
    {
        Span<byte> on = [1, 0, 0, 0];
        try
        {
            _socket.SetRawSocketOption(IpProtoTcp, TcpQuickAck, on);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The socket is going away; the next read or write says so.
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Flush() => _inner.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
            _deadline.Dispose();
        }
        base.Dispose(disposing);
    }
}
