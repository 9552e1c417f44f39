namespace ImapGateway.Index;

/// <summary>
/// The bits of the byte before each message of a page. It shows the differences from the previous message, and so which numbers follow, in this order: uid, id, modSeq, flag set. The upper four
/// bits are <see cref="SameFlags"/>, a flag set's position in the table plus 1, or <see cref="FarFlags"/>.
/// </summary>
public static class RowControl
{
    /// <summary>The distance to the previous uid follows; without this bit it is 1.</summary>
    public const int UidGap = 1;

    /// <summary>The difference from the previous id + 1 follows; without this bit there is none.</summary>
    public const int IdJump = 2;

    public const int ModSeqMask = 3 << 2;
    public const int ModSeqUnknown = 0 << 2;
    /// <summary>The modSeq is that of the last message whose modSeq is known: one STORE over many messages.</summary>
    public const int ModSeqSame = 1 << 2;
    public const int ModSeqNext = 2 << 2;
    /// <summary>The difference from the last known modSeq follows.</summary>
    public const int ModSeqJump = 3 << 2;

    public const int FlagsShift = 4;
    public const int SameFlags = 0;
    /// <summary>The position in the table is too large for four bits and follows.</summary>
    public const int FarFlags = 15;
}
