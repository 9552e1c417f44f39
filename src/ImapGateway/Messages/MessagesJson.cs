using System.Text.Json.Serialization;
using ImapGateway.Mail;

namespace ImapGateway.Messages;

/// <summary>How messages are written, generated: without looking at types when the gateway has just started. Names and the rest are those of the options it is used with.</summary>
[JsonSerializable(typeof(Page<Message>))]
[JsonSerializable(typeof(MessagesById))]
internal sealed partial class MessagesJson : JsonSerializerContext;
