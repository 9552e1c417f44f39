namespace ImapGateway.Webhooks.Lanes;

/// <summary>The identity of a lane and of its owner: a write of an earlier generation is refused.</summary>
public sealed record LaneRef(long Id, long Generation, string Webhook, string Incarnation, string Account, long? End)
{
    public bool IsReplay => End is not null;
}
