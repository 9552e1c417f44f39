using System.Data.Common;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;

namespace ImapGateway.Storage;

/// <summary>Examines failures to decrypt values that the key ring has encrypted.</summary>
public static class Ciphertext
{
    /// <summary>
    /// True if the ciphertext is damaged or its key is lost, so that it will not be readable later either. Data Protection reports a key ring that cannot be loaded at the
    /// moment by the same exception, with the cause inside.
    /// </summary>
    public static bool IsUnreadable(Exception failure)
    {
        for (var cause = failure.InnerException; cause is not null; cause = cause.InnerException)
        {
            if (cause is DbException or IOException or SocketException or UnauthorizedAccessException or TimeoutException or ObjectDisposedException)
            {
                return false;
            }
        }
        return failure is CryptographicException or FormatException or JsonException;
    }
}
