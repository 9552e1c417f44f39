namespace ImapGateway.Access;

/// <summary>Makes credentials of what callers present, wherever it stands: in a header, in an address, or in a connection's first message.</summary>
public sealed class Credentials(CallerLookup callers, ITicketReader tickets)
{
    private const string Scheme = "Bearer ";

    /// <summary>Longer is no key, and is not worth hashing.</summary>
    private const int MaxLength = 1024;

    /// <param name="text">As in the header Authorization. Null for what names no key.</param>
    public Credential? OfAuthorization(string? text) =>
        text is not null && text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && text.Length <= MaxLength
            ? new Credential(callers, KeyValue.Hash(text[Scheme.Length..].Trim(' ')), null)
            : null;

    /// <summary>Null for what is no ticket, or opens nothing any more.</summary>
    public Credential? OfTicket(string? value) => value is not null && tickets.Read(value) is { } ticket ? new Credential(callers, ticket.KeySha256, ticket) : null;
}
