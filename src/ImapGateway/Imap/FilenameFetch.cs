using System.Collections.Immutable;
using ImapGateway.Mail;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>
/// Reads file names from the header of the part if the mail server cannot read them. BODYSTRUCTURE ends a name at the first blank or quotation mark if the sender has quoted it wrongly, or has no
/// name at all. Sends nothing if all names look complete. Courier removes characters from names so that they look complete, and leaves out locations: its files are always read.
/// </summary>
public static class FilenameFetch
{
    /// <summary>The maximum number of sections of one FETCH.</summary>
    private const int Batch = 6;

    /// <summary>The maximum number of sections of all messages. The sections beyond it stay as the server describes them.</summary>
    private const int MostSections = 24;

    private const int Octets = 8 * 1024;

    /// <summary>True if there are names to search for.</summary>
    public static bool IsNeeded(MessageHeaders headers) => headers.Parts.Any(IsDoubtful);

    /// <returns>The same messages with the names that were found.</returns>
    public static async Task<IReadOnlyDictionary<uint, MessageHeaders>> RunAsync(
        ImapSession session, string path, uint uidValidity, IReadOnlyDictionary<uint, MessageHeaders> messages)
    {
        var isCourier = session.IsCourier;
        var doubtful = messages.SelectMany(message => message.Value.Parts.Where(part => isCourier ? IsNamed(part) : IsDoubtful(part)).Select(part => (Uid: message.Key, part.Part)))
            .GroupBy(one => one.Part, one => one.Uid).Take(MostSections).ToList();
        if (doubtful.Count == 0)
        {
            return messages;
        }
        var named = messages.ToDictionary();
        foreach (var sections in doubtful.Chunk(Batch))
        {
            try
            {
                var found = await SectionFetch.RunAsync(
                    session, path, uidValidity, [.. sections.SelectMany(section => section).Distinct()], [.. sections.Select(section => new SectionSlice(section.Key + ".MIME", 0, Octets))]);
                foreach (var ((uid, section), header) in found.Where(one => named.ContainsKey(one.Key.Uid)))
                {
                    named[uid] = named[uid] with { Parts = Named(named[uid].Parts, section, header) };
                }
            }
            catch (ImapCommandException)
            {
                // The server cannot read the part. Its earlier description of the names stays valid.
            }
        }
        return named;
    }

    private static ImmutableArray<MessagePart> Named(ImmutableArray<MessagePart> parts, string section, byte[] header)
    {
        var at = parts.ToList().FindIndex(part => part.Part + ".MIME" == section);
        var charset = parts.FirstOrDefault(part => part.InText || part.InHtml)?.Charset;
        var fields = HeaderFields.Parse(header, charset);
        return at < 0 ? parts
            : parts.SetItem(at, parts[at] with { Filename = Filenames.Of(fields, charset) ?? parts[at].Filename, Location = parts[at].Location ?? PartMapping.Location(fields.Line("Content-Location")) });
    }

    private static bool IsNamed(MessagePart part) => part.IsFile && !part.ContentType.StartsWith("message/", StringComparison.Ordinal);

    /// <summary>True for a file without a name, without an extension, or with signs that were not understood. Messages are named by their subject.</summary>
    private static bool IsDoubtful(MessagePart part) =>
        IsNamed(part) && (part.Filename is null || !part.Filename.Contains('.') || part.Filename.AsSpan().ContainsAny('?', '\uFFFD'));
}
