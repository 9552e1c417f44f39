namespace ImapGateway.Index;

/// <summary>
/// The byte before each message of a page: what differs from the message before it, and so which numbers follow, in this order: uid, id, modSeq,
/// flag set. The upper four bits are <see cref="SameFlags"/>, a flag set's place in the table plus 1, or <see cref="FarFlags"/>.
/// </summary>
public static class RowControl
{
    /// <summary>The distance to the previous uid follows; else it is 1.</summary>
    public const int UidGap = 1;

    /// <summary>The difference from the previous id + 1 follows; else there is none.</summary>
    public const int IdJump = 2;

    public const int ModSeqMask = 3 << 2;
    public const int ModSeqUnknown = 0 << 2;
    /// <summary>As that of the last message whose modSeq is known: one STORE over many messages.</summary>
    public const int ModSeqSame = 1 << 2;
    public const int ModSeqNext = 2 << 2;
    /// <summary>The difference from the last known modSeq follows.</summary>
    public const int ModSeqJump = 3 << 2;

    public const int FlagsShift = 4;
    public const int SameFlags = 0;
    /// <summary>The place in the table is too large for four bits and follows.</summary>
    public const int FarFlags = 15;
}
