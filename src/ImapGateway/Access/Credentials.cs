namespace ImapGateway.Access;

/// <summary>Reads the credentials that callers present in a header, in an address, or in a connection's first message.</summary>
public sealed class Credentials(CallerLookup callers, ITicketReader tickets)
{
    private const string Scheme = "Bearer ";

    /// <summary>The longest value in characters that is hashed. A longer one is not a key.</summary>
    private const int MaxLength = 1024;

    /// <param name="text">The text as in the header Authorization. The result is null if it names no key.</param>
    public Credential? OfAuthorization(string? text) =>
        text is not null && text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && text.Length <= MaxLength
            ? new Credential(callers, KeyValue.Hash(text[Scheme.Length..].Trim(' ')), null)
            : null;

    /// <summary>Returns the credential of a ticket, or null if the value is not a ticket or has expired.</summary>
    public Credential? OfTicket(string? value) => value is not null && tickets.Read(value) is { } ticket ? new Credential(callers, ticket.KeySha256, ticket) : null;
}
