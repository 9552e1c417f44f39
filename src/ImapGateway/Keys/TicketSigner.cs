using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using ImapGateway.Access;
using ImapGateway.Storage;
using Microsoft.AspNetCore.DataProtection;

namespace ImapGateway.Keys;

/// <summary>
/// Makes and reads the values of tickets: <c>igt_</c> and the contents, encrypted and signed with the key ring. Nothing is stored, so that a ticket outlives a restart and works at
/// every gateway on the same database. Its key is looked up at every use, so a ticket ends with its key. It also ends when the database is restored from a backup.
/// </summary>
public sealed class TicketSigner(IDataProtectionProvider protection, StoreEpoch epoch, TimeProvider time) : ITicketReader
{
    private const string Prefix = "igt_";

    /// <summary>The longest value in characters that is decrypted. A longer one is not a ticket.</summary>
    private const int MaxLength = 6000;

    private readonly IDataProtector _protector = protection.CreateProtector("ImapGateway.Ticket.v1");

    public string Write(Ticket ticket)
    {
        var content = new Content(ticket.KeySha256, ticket.Scopes, ticket.Accounts is { } accounts ? [.. accounts] : null, ticket.ExpiresAt.ToUnixTimeMilliseconds(), epoch.Value);
        return Prefix + Base64Url.EncodeToString(_protector.Protect(JsonSerializer.SerializeToUtf8Bytes(content)));
    }

    public Ticket? Read(string value)
    {
        if (value.Length > MaxLength || !value.StartsWith(Prefix, StringComparison.Ordinal) || !Base64Url.IsValid(value.AsSpan(Prefix.Length)))
        {
            return null;
        }
        try
        {
            var content = JsonSerializer.Deserialize<Content>(_protector.Unprotect(Base64Url.DecodeFromChars(value.AsSpan(Prefix.Length))))!;
            var ticket = new Ticket(content.Key, content.Scopes, content.Accounts is { } accounts ? [.. accounts] : null, DateTimeOffset.FromUnixTimeMilliseconds(content.Until));
            return ticket.ExpiresAt > time.GetUtcNow() && content.Epoch == epoch.Value ? ticket : null;
        }
        catch (CryptographicException)
        {
            return null; // Made up, or of a key ring that is lost.
        }
    }

    private sealed record Content(byte[] Key, Scope Scopes, string[]? Accounts, long Until, long Epoch);
}
