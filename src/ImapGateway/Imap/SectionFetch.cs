using System.Globalization;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>What is wanted of a message.</summary>
/// <param name="Section">"HEADER", "HEADER.FIELDS (Subject To)", "1.2".</param>
/// <param name="Count">Octets at most.</param>
public readonly record struct SectionSlice(string Section, long Offset, int Count)
{
    /// <summary>Always peeked: reading never marks as read.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"BODY.PEEK[{Section}]<{Offset}.{Count}>");

    /// <summary>Servers write the list of fields as they like.</summary>
    public string Key => Section.StartsWith("HEADER", StringComparison.OrdinalIgnoreCase) ? "HEADER" : Section;
}

/// <summary>Beginnings of sections of many messages in one FETCH, which MailKit has no call for.</summary>
public static class SectionFetch
{
    /// <returns>By uid and <see cref="SectionSlice.Key"/>. A message that has gone is missing; a section that it does not have is empty or missing.</returns>
    public static async Task<IReadOnlyDictionary<(uint Uid, string Key), byte[]>> RunAsync(
        ImapSession session, string path, uint uidValidity, IReadOnlyCollection<uint> uids, IReadOnlyCollection<SectionSlice> slices)
    {
        var folder = await session.SelectAsync(path, uidValidity: uidValidity, highestUid: uids.Max());
        var found = new Dictionary<(uint, string), byte[]>();
        var command = string.Create(CultureInfo.InvariantCulture, $"UID FETCH {string.Join(',', uids)} ({string.Join(' ', slices)})");
        try
        {
            await session.SendInsteadAsync(command, () => folder.GetStreamsAsync([new UniqueId(folder.UidValidity, uids.First())], Keep));
        }
        catch (ImapCommandException) when (found.Count > 0 || uids.Count > 1)
        {
            // One message that the server cannot read must not take the others along: what is missing can be asked for alone.
        }
        return found;

        Task Keep(ImapFolder from, int index, UniqueId uid, Stream stream, CancellationToken cancel)
        {
            if (stream is SectionStream section)
            {
                found[(uid.Id, new SectionSlice(section.Section, 0, 0).Key)] = section.ToArray();
            }
            return Task.CompletedTask;
        }
    }
}
