namespace ImapGateway.Index;

/// <summary>The properties of a page that are known without decoding its messages. <see cref="Unseen"/> counts those without $seen.</summary>
public readonly record struct PageHeader(int Count, int Unseen, uint FirstUid, uint LastUid, ulong MinId, ulong MaxId)
{
    public static PageHeader Empty { get; } = new(0, 0, 0, 0, ulong.MaxValue, 0);

    public PageHeader Add(uint uid, ulong id, bool unseen) =>
        new(Count + 1, Unseen + (unseen ? 1 : 0), Count == 0 ? uid : FirstUid, uid, Math.Min(MinId, id), Math.Max(MaxId, id));

    public static PageHeader Read(ref VarintReader bytes) =>
        new(bytes.ReadInt32(), bytes.ReadInt32(), bytes.ReadUInt32(), bytes.ReadUInt32(), bytes.ReadUInt64(), bytes.ReadUInt64());

    public void Write(VarintWriter bytes)
    {
        bytes.Write((uint)Count);
        bytes.Write((uint)Unseen);
        bytes.Write(FirstUid);
        bytes.Write(LastUid);
        bytes.Write(MinId);
        bytes.Write(MaxId);
    }
}
