using System.Collections.Immutable;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.Messages;

/// <summary>Messages that were requested by id.</summary>
/// <param name="Items">The messages in the order of the ids.</param>
/// <param name="Missing">The ids that are not among the items.</param>
public sealed record MessagesById(ImmutableArray<Message> Items, ImmutableArray<MissingId> Missing)
{
    public static MessagesById Of(MessageSet set) =>
        new(set.Items, [.. set.Missing.Select(missing => new MissingId(missing.Id, missing.Problem.Code.Describe().Name))]);
}

/// <summary>A message that cannot be shown.</summary>
/// <param name="Id" example="m_kq3zvw5xbe">The id as requested.</param>
/// <param name="Code" example="gone">The reason: gone; not_found; too_large if the message does not fit into the response along with the others; or the code of the failure if the mail server did not
/// give what was requested.</param>
public sealed record MissingId(string Id, [property: SchemaOf(typeof(ErrorCode))] string Code);
