using System.Collections.Immutable;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.Messages;

/// <summary>Messages that were asked for by id.</summary>
/// <param name="Items">In the order of the ids.</param>
/// <param name="Missing">Ids that are not among the items.</param>
public sealed record MessagesById(ImmutableArray<Message> Items, ImmutableArray<MissingId> Missing)
{
    public static MessagesById Of(MessageSet set) =>
        new(set.Items, [.. set.Missing.Select(missing => new MissingId(missing.Id, missing.Problem.Code.Describe().Name))]);
}

/// <summary>A message that cannot be shown.</summary>
/// <param name="Id" example="m_kq3zvw5xbe">As asked for.</param>
/// <param name="Code" example="gone">gone, not_found, too_large: it does not fit into the answer along with the others; or the code of the failure where the mail server did not give what was asked for.</param>
public sealed record MissingId(string Id, [property: SchemaOf(typeof(ErrorCode))] string Code);
