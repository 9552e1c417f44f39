using System.Globalization;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>What is wanted of a message.</summary>
/// <param name="Section">"HEADER", "HEADER.FIELDS (Subject To)", "1.2".</param>
/// <param name="Count">Octets at most.</param>
public readonly record struct SectionSlice(string Section, long Offset, long Count)
{
    public string Section { get; } = ImapGrammar.IsSection(Section) ? Section : throw new ArgumentException("It is not a section of a message (RFC 3501 section 6.4.5).", nameof(Section));

    /// <summary>Always peeked: reading never marks as read.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"BODY.PEEK[{Section}]<{Offset}.{Count}>");

    /// <summary>Servers write the list of fields as they like.</summary>
    public string Key => KeyOf(Section);

    /// <param name="section">As a server writes it.</param>
    public static string KeyOf(string section) => section.StartsWith("HEADER", StringComparison.OrdinalIgnoreCase) ? "HEADER" : section;
}

/// <summary>A FETCH of sections: the only command that the gateway composes itself.</summary>
public sealed record SectionCommand(IReadOnlyCollection<uint> Uids, IReadOnlyCollection<SectionSlice> Slices)
{
    /// <summary>Without tag and line end.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"UID FETCH {UidSet.Ascending(Uids)} ({string.Join(' ', Slices)})");
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
        try
        {
            await session.SendInsteadAsync(new SectionCommand(uids, slices), () => folder.GetStreamsAsync([new UniqueId(folder.UidValidity, uids.First())], Keep));
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
                foreach (var one in session.With(section))
                {
                    found[(uid.Id, SectionSlice.KeyOf(one.Section))] = one.ToArray();
                }
            }
            return Task.CompletedTask;
        }
    }
}
