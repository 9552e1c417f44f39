using System.Text.Json.Serialization;
using ImapGateway.Mail;

namespace ImapGateway.Messages;

/// <summary>Serializes messages by generated code, so that no type is inspected when the gateway has just started. Names and all other settings are those of the options it is used with.</summary>
[JsonSerializable(typeof(Page<Message>))]
[JsonSerializable(typeof(MessagesById))]
internal sealed partial class MessagesJson : JsonSerializerContext;
