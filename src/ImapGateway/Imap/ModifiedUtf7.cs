using System.Buffers.Text;
using System.Text;

namespace ImapGateway.Imap;

/// <summary>Decodes mailbox names from their form in the protocol (RFC 3501 section 5.1.3).</summary>
public static class ModifiedUtf7
{
    /// <returns>The readable name; unchanged if it is not encoded correctly.</returns>
    public static string Decode(string name)
    {
        if (!name.Contains('&'))
        {
            return name;
        }
        var decoded = new StringBuilder(name.Length);
        for (var at = 0; at < name.Length; at++)
        {
            if (name[at] != '&')
            {
                decoded.Append(name[at]);
                continue;
            }
            var end = name.IndexOf('-', at);
            if (end < 0 || !TryAppend(decoded, name.AsSpan(at + 1, end - at - 1)))
            {
                return name;
            }
            at = end;
        }
        return decoded.ToString();
    }

    /// <param name="shifted">The text between "&amp;" and "-": UTF-16 in base64, with "," in place of "/" and without padding; empty for "&amp;" itself.</param>
    private static bool TryAppend(StringBuilder decoded, ReadOnlySpan<char> shifted)
    {
        if (shifted.IsEmpty)
        {
            decoded.Append('&');
            return true;
        }
        var base64 = shifted.ToString().Replace('/', '!').Replace(',', '/').PadRight((shifted.Length + 3) / 4 * 4, '=');
        var octets = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        if (!Convert.TryFromBase64String(base64, octets, out var length) || length < 2)
        {
            return false;
        }
        decoded.Append(Encoding.BigEndianUnicode.GetString(octets, 0, length / 2 * 2));
        return true;
    }
}
