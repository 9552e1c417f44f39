namespace ImapGateway.Webhooks;

/// <summary>Which lane, and whose turn at it: a write of an earlier generation is refused.</summary>
public sealed record LaneRef(long Id, long Generation, string Webhook, string Incarnation, string Account, long? End)
{
    public bool IsReplay => End is not null;
}
