using ImapGateway.Imap;
using Microsoft.AspNetCore.DataProtection;

namespace ImapGateway.Accounts;

/// <summary>Encrypts credentials for storage. A ciphertext belongs to its account and use: copied to another row it cannot be read.</summary>
public sealed class CredentialProtector(IDataProtectionProvider provider)
{
    private readonly IDataProtector _protector = provider.CreateProtector("ImapGateway.Accounts.Credential");

    public string Protect(string incarnation, string use, Credential credential) => _protector.CreateProtector(incarnation, use).Protect(credential.Secret);

    public Credential Unprotect(string incarnation, string use, CredentialKind kind, string secret) =>
        new(kind, _protector.CreateProtector(incarnation, use).Unprotect(secret));
}
