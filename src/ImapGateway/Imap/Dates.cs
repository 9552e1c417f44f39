namespace ImapGateway.Imap;

public static class Dates
{
    /// <summary>In UTC; null for what no mail can have: parsers answer broken dates with years near 1.</summary>
    public static DateTimeOffset? Plausible(DateTimeOffset? date) => date is { Year: >= 1900 } known ? known.ToUniversalTime() : null;
}
