namespace ImapGateway.Imap;

/// <summary>
/// Zoho and others answer -1 where they have no modification sequence. MailKit lives with that in FETCH, but a HIGHESTMODSEQ of -1 ends the session:
/// it becomes 0 in place, which means the same (RFC 7162 section 3.1.2.2 has NOMODSEQ for it).
/// </summary>
public static class ModSeqRepair
{
    /// <param name="line">Of the server's own words, without a literal.</param>
    public static void Apply(Span<byte> line)
    {
        if (!line.StartsWith("* OK [HIGHESTMODSEQ -"u8) && !line.StartsWith("* STATUS "u8))
        {
            return;
        }
        var at = line.IndexOf("HIGHESTMODSEQ -1"u8);
        if (at >= 0)
        {
            "00"u8.CopyTo(line[(at + "HIGHESTMODSEQ ".Length)..]);
        }
    }
}
