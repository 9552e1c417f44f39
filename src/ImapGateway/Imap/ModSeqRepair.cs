namespace ImapGateway.Imap;

/// <summary>
/// Replaces a HIGHESTMODSEQ of -1 by 0 in place. Zoho and others answer -1 if they have no modification sequence. MailKit accepts that in FETCH, but a HIGHESTMODSEQ of -1 ends the session. 0
/// means the same (RFC 7162 section 3.1.2.2 has NOMODSEQ for it).
/// </summary>
public static class ModSeqRepair
{
    /// <param name="line">A line of the server itself, without a literal.</param>
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
