using System.Buffers;
using System.Text;

namespace ImapGateway.Mail;

/// <summary>The rules for text that a client has sent: names, identifiers, search terms, credentials.</summary>
public static class InputText
{
    /// <summary>The rule of <see cref="IsPlain"/>, for messages to clients.</summary>
    public const string Expectation = "Control characters, line separators and unpaired surrogates are not allowed.";

    /// <summary>
    /// True if the text has no control characters (line ends and NUL among them), no U+2028 or U+2029 and no half of a surrogate pair. Text with them can start a line of its own in a
    /// protocol or a log, or cannot be stored or encoded everywhere. Null counts as empty.
    /// </summary>
    public static bool IsPlain(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out var rune, out var length) != OperationStatus.Done || Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029)
            {
                return false;
            }
            text = text[length..];
        }
        return true;
    }
}
