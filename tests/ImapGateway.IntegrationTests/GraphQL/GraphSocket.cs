using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.GraphQL;

/// <summary>A client of graphql-transport-ws that says what it is told to say, and reads when it is told to.</summary>
public sealed class GraphSocket : IDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[1 << 16];

    private GraphSocket()
    {
    }

    /// <summary>The code the other side has closed with.</summary>
    public int? Closed => (int?)_socket.CloseStatus;

    /// <param name="key">Null: nothing is said of it.</param>
    public static async Task<GraphSocket> Open(Uri gateway, string? key, string query = "")
    {
        var socket = await Connect(gateway, query);
        await socket.Send(new { type = "connection_init", payload = key is null ? null : new { authorization = $"Bearer {key}" } });
        Assert.Equal("connection_ack", (await socket.Next())?.GetProperty("type").GetString());
        return socket;
    }

    /// <summary>Connected, before connection_init.</summary>
    public static async Task<GraphSocket> Connect(Uri gateway, string query = "")
    {
        var socket = new GraphSocket();
        socket._socket.Options.AddSubProtocol("graphql-transport-ws");
        await socket._socket.ConnectAsync(new UriBuilder(gateway) { Scheme = "ws", Path = "/graphql", Query = query }.Uri, default);
        return socket;
    }

    public Task Send(object message) => SendText(JsonSerializer.Serialize(message));

    /// <summary>A message as it is.</summary>
    public Task SendText(string message) => _socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, true, default);

    public Task Subscribe(string id, string query, object? variables = null) => Send(new { id, type = "subscribe", payload = new { query, variables } });

    /// <summary>The next message; null at the end.</summary>
    public async Task<JsonElement?> Next()
    {
        using var deadline = new CancellationTokenSource(Journal<string>.Patience);
        var text = new StringBuilder();
        while (true)
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(), deadline.Token);
            if (read.MessageType == WebSocketMessageType.Close)
            {
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, deadline.Token);
                return null;
            }
            text.Append(Encoding.UTF8.GetString(_buffer, 0, read.Count));
            if (read.EndOfMessage)
            {
                return JsonElement.Parse(text.ToString());
            }
        }
    }

    /// <summary>The next message; null at the end, whether or not anything was said of it.</summary>
    public async Task<JsonElement?> NextOrLost()
    {
        try
        {
            return await Next();
        }
        catch (WebSocketException)
        {
            return null;
        }
    }

    /// <summary>The only field of the data of the next result.</summary>
    public async Task<JsonElement> NextItem()
    {
        var message = (await Next())!.Value;
        Assert.True(message.GetProperty("type").GetString() == "next" && !message.GetProperty("payload").TryGetProperty("errors", out _), message.GetRawText());
        return Assert.Single(message.At("payload.data").EnumerateObject()).Value;
    }

    /// <summary>The code of the error that ends an operation.</summary>
    public async Task<string> NextError()
    {
        var message = (await Next())!.Value;
        Assert.True(message.GetProperty("type").GetString() == "error", message.GetRawText());
        return Assert.Single(message.GetProperty("payload").EnumerateArray()).Code();
    }

    public void Dispose() => _socket.Dispose();
}
