using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.AspNetCore.DataProtection;

namespace ImapGateway.Accounts;

/// <summary>Encrypts credentials for storage. A ciphertext belongs to its account and use: copied to another row it cannot be read.</summary>
public sealed class CredentialProtector(IDataProtectionProvider provider)
{
    private readonly IDataProtector _protector = provider.CreateProtector("ImapGateway.Accounts.Credential");

    public string Protect(string incarnation, string use, Credential credential) => _protector.CreateProtector(incarnation, use).Protect(credential.Secret);

    /// <exception cref="ProblemException"><see cref="ErrorCode.AccountCredentialUnreadable"/>.</exception>
    public Credential Unprotect(string incarnation, string use, CredentialKind? kind, string secret)
    {
        if (kind is not { } known || !Enum.IsDefined(known))
        {
            throw new ProblemException(Unreadable(use));
        }
        try
        {
            return new Credential(known, _protector.CreateProtector(incarnation, use).Unprotect(secret));
        }
        catch (Exception failure) when (Ciphertext.IsUnreadable(failure))
        {
            throw new ProblemException(Unreadable(use), failure);
        }
    }

    private static Problem Unreadable(string use) => new(
        ErrorCode.AccountCredentialUnreadable,
        $"The stored {use.ToUpperInvariant()} credential of the account cannot be decrypted: its key is not in the key ring, or it is damaged. Change the account with a new password or access token.",
        [new ProblemError("A new one is needed.", $"/{use}/password")]);
}
