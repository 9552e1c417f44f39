using System.Text;
using System.Text.RegularExpressions;
using ImapGateway.Mail;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>
/// Reads the encoding of texts from the header of the part. BODYSTRUCTURE says 7bit if the server could not read it ("base64" in quotation marks, with a semicolon or a comment). Sends nothing if
/// no preview gives reason to doubt the encoding.
/// </summary>
public static partial class EncodingFetch
{
    /// <summary>The maximum number of sections of one FETCH.</summary>
    private const int Batch = 6;

    /// <summary>The maximum number of sections of all messages. The sections beyond it stay as the server describes them.</summary>
    private const int MostSections = 24;

    private const int Octets = 8 * 1024;

    private const string Header = "HEADER.FIELDS (CONTENT-TRANSFER-ENCODING)";

    /// <summary>True if the preview looks encoded, or if it comes from the server and has characters that its BODYSTRUCTURE excludes.</summary>
    public static bool IsNeeded(MessageHeaders headers) =>
        headers.Preview is { } preview && (LooksEncoded(preview) ? headers.Parts.Any(IsDoubtful) : !Ascii.IsValid(preview.TrimEnd('…')) && headers.Parts.Any(part => IsDoubtful(part) && part.Encoding == "7bit"));

    /// <returns>The messages whose encodings were corrected, without a preview.</returns>
    public static async Task<IReadOnlyDictionary<uint, MessageHeaders>> RunAsync(
        ImapSession session, string path, uint uidValidity, IReadOnlyDictionary<uint, MessageHeaders> messages)
    {
        var corrected = new Dictionary<uint, MessageHeaders>();
        var doubtful = messages.Where(message => IsNeeded(message.Value))
            .SelectMany(message => message.Value.Parts.Where(IsDoubtful).Select(part => (Uid: message.Key, part.Part, Section: SectionOf(message.Value, part))))
            .GroupBy(one => one.Section).Take(MostSections).ToList();
        foreach (var sections in doubtful.Chunk(Batch))
        {
            try
            {
                var found = await SectionFetch.RunAsync(
                    session, path, uidValidity, [.. sections.SelectMany(section => section).Select(one => one.Uid).Distinct()], [.. sections.Select(section => new SectionSlice(section.Key, 0, Octets))]);
                foreach (var (uid, part, section) in sections.SelectMany(section => section))
                {
                    var headers = corrected.GetValueOrDefault(uid) ?? messages[uid];
                    var at = headers.Parts.ToList().FindIndex(one => one.Part == part);
                    if (found.TryGetValue((uid, SectionSlice.KeyOf(section)), out var octets)
                        && PartMapping.Encoding(HeaderFields.Parse(octets).Line("Content-Transfer-Encoding")) is var encoding && encoding != headers.Parts[at].Encoding)
                    {
                        corrected[uid] = headers with { Parts = headers.Parts.SetItem(at, headers.Parts[at] with { Encoding = encoding }), Preview = null };
                    }
                }
            }
            catch (ImapCommandException)
            {
                // The server cannot read the part. Its description of the encoding stays valid.
            }
        }
        return corrected;
    }

    private static bool IsDoubtful(MessagePart part) => (part.InText || part.InHtml) && (part.Encoding is "7bit" or "8bit" or "binary");

    /// <summary>Returns the section with the header of the part. The first part of a message without multiparts has no header of its own.</summary>
    private static string SectionOf(MessageHeaders headers, MessagePart part) => headers.Multiparts.IsEmpty ? Header : part.Part + ".MIME";

    /// <summary>
    /// True for lines of base64, all as long as the first except for the last one, which a preview may cut; or for octets of quoted-printable. A single word may look like this, too, and its
    /// header is read in vain.
    /// </summary>
    public static bool LooksEncoded(string preview)
    {
        if (QuotedPrintable().IsMatch(preview))
        {
            return true;
        }
        var lines = preview.Split(' ');
        return Array.TrueForAll(lines, line => Base64().IsMatch(line)) && lines is [var first, .. var others]
            && (others.Length == 0 ? first.Length >= 60 || (first.Length % 4 == 0 && (first.Length >= 8 || first[^1] == '=')) : first.Length >= 40 && others[..^1].All(line => line.Length == first.Length));
    }

    [GeneratedRegex(@"^[A-Za-z0-9+/]+={0,2}…?\z")]
    private static partial Regex Base64();

    [GeneratedRegex(@"=3D|=20(?: |\z)|(?:=[0-9A-F]{2}){2}")]
    private static partial Regex QuotedPrintable();
}
