using System.Text;

namespace ImapGateway.Messages.Bodies;

public static class Utf8Length
{
    /// <summary>Returns the longest prefix that has at most this number of UTF-8 octets, without half a character.</summary>
    public static string Cut(string text, int maxBytes, out bool truncated)
    {
        truncated = text.Length > maxBytes / 3 && Encoding.UTF8.GetByteCount(text) > maxBytes;
        if (!truncated)
        {
            return text;
        }
        var (bytes, length) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > maxBytes)
            {
                break;
            }
            length += rune.Utf16SequenceLength;
        }
        return text[..length];
    }
}
