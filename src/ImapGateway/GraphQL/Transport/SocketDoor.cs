using ImapGateway.Access;
using ImapGateway.GraphQL.Execution;
using ImapGateway.Http;
using ImapGateway.Mail;
using Microsoft.Extensions.Options;

namespace ImapGateway.GraphQL.Transport;

/// <summary>Accepts WebSockets that speak graphql-transport-ws.</summary>
public sealed class SocketDoor(GraphExecutor executor, Credentials credentials, IOptions<CorsOptions> cors, IHostApplicationLifetime lifetime, IServiceProvider services, TimeProvider time)
{
    public const string Subprotocol = "graphql-transport-ws";

    /// <summary>Accepts a WebSocket and returns when the connection ends.</summary>
    /// <exception cref="ProblemException">403 for a page of an origin that is not allowed.</exception>
    public async Task AcceptAsync(HttpContext context)
    {
        if (!cors.Value.Admits(context.Request.Headers.Origin, context.Request.Host))
        {
            throw new ProblemException(ErrorCode.Forbidden, "Pages of this origin may not connect (Cors:Origins).");
        }
        var offered = context.WebSockets.WebSocketRequestedProtocols;
        var isSpoken = offered.Contains(Subprotocol);
        // A browser would report only a failed handshake to its page, so one of its own subprotocols is accepted before the error is sent.
        using var socket = await context.WebSockets.AcceptWebSocketAsync(isSpoken ? Subprotocol : offered.FirstOrDefault());
        await using var messages = new MessageSocket(socket, executor.Limits.MaxBodyBytes, time);
        if (!isSpoken)
        {
            await messages.EndAsync(CloseReason.NoSubprotocol);
            await messages.ReceiveAsync();
            return;
        }
        await using var connection = new SocketConnection(messages, executor, services, ProblemWriter.TraceId(context))
        {
            Credential = context.Features.Get<Credential>(),
        };
        await connection.RunAsync(credentials, time, lifetime.ApplicationStopping);
    }
}
