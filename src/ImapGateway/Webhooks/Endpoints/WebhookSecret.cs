using System.Security.Cryptography;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>The secret that signs the deliveries of an endpoint, in the form of Standard Webhooks 1.0: <c>whsec_</c> and the key in Base64.</summary>
public static class WebhookSecret
{
    private const int KeyBytes = 32;
    private const string Prefix = "whsec_";

    /// <summary>Creates a secret in the form for clients.</summary>
    public static string New() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes));

    /// <summary>Returns the key inside a secret that is in the form for clients.</summary>
    public static byte[] KeyOf(string secret) => Convert.FromBase64String(secret[Prefix.Length..]);
}
