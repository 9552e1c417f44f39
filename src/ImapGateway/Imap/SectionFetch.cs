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
    /// <summary>Refusals of one call, before the messages that are left count as refused.</summary>
    private const int MostRefusals = 16;

    private const string PartOne = "1";
    /// <summary>The message without its header.</summary>
    public const string Text = "TEXT";

    private const string ContentType = "HEADER.FIELDS (CONTENT-TYPE)";

    private delegate Task Sending(IReadOnlyCollection<uint> uids, IReadOnlyCollection<SectionSlice> slices, Dictionary<(uint, string), byte[]> found);

    /// <returns>By uid and <see cref="SectionSlice.Key"/>. A message that has gone, or that the server refuses, is missing; a section that it does not have is empty or missing.</returns>
    /// <exception cref="ImapCommandException">The server refuses the only message that was asked for.</exception>
    public static async Task<IReadOnlyDictionary<(uint Uid, string Key), byte[]>> RunAsync(
        ImapSession session, string path, uint uidValidity, IReadOnlyCollection<uint> uids, IReadOnlyCollection<SectionSlice> slices)
    {
        var folder = await session.SelectAsync(path, uidValidity: uidValidity, highestUid: uids.Max());
        var found = new Dictionary<(uint, string), byte[]>();
        var refusals = 0;
        var sets = new Stack<IReadOnlyCollection<uint>>([uids]);
        while (sets.TryPop(out var set))
        {
            try
            {
                await SendAsync(set, slices, found);
            }
            catch (ImapCommandException)
            {
                if ((set.Count == 1 || session.ReadsPartOneAsText) && await SendAsTextAsync(SendAsync, [.. Unanswered(set)], slices, found))
                {
                    session.ReadsPartOneAsText = true;
                }
                // One message that the server cannot read must not take the others along: those without an answer are asked for again in halves.
                var left = Unanswered(set).ToList();
                if (left.Count > 0 && uids.Count == 1)
                {
                    throw;
                }
                if (left.Count > 1 && ++refusals < MostRefusals)
                {
                    sets.Push(left[..(left.Count / 2)]);
                    sets.Push(left[(left.Count / 2)..]);
                }
            }
        }
        return found;

        IEnumerable<uint> Unanswered(IEnumerable<uint> set) => set.Where(uid => !slices.Any(slice => found.ContainsKey((uid, slice.Key))));

        Task SendAsync(IReadOnlyCollection<uint> some, IReadOnlyCollection<SectionSlice> wanted, Dictionary<(uint, string), byte[]> into) =>
            session.SendInsteadAsync(new SectionCommand(some, wanted), () => folder.GetStreamsAsync([new UniqueId(folder.UidValidity, some.First())], (_, _, uid, stream, _) => Keep(uid, stream, into)));

        Task Keep(UniqueId uid, Stream stream, Dictionary<(uint, string), byte[]> into)
        {
            if (stream is SectionStream section)
            {
                foreach (var one in session.With(section))
                {
                    into[(uid.Id, SectionSlice.KeyOf(one.Section))] = one.ToArray();
                }
            }
            return Task.CompletedTask;
        }
    }

    /// <summary>
    /// Every message has a part 1 (RFC 3501 section 6.4.5), but some servers refuse that of a message that is not a multipart. Its text is the same.
    /// </summary>
    /// <returns>False where that is refused, too, or the messages are multiparts.</returns>
    private static async Task<bool> SendAsTextAsync(Sending send, IReadOnlyCollection<uint> uids, IReadOnlyCollection<SectionSlice> slices, Dictionary<(uint, string), byte[]> found)
    {
        if (uids.Count == 0 || slices.Where(slice => slice.Section == PartOne).ToList() is not [var partOne])
        {
            return false;
        }
        var texts = new Dictionary<(uint Uid, string Key), byte[]>();
        var isRead = false;
        try
        {
            await send(uids, [new SectionSlice(Text, partOne.Offset, partOne.Count), new SectionSlice(ContentType, 0, 4096)], texts);
            if (slices.Where(slice => slice.Section != PartOne).ToList() is { Count: > 0 } others)
            {
                await send(uids, others, found);
            }
        }
        catch (ImapCommandException)
        {
            return false;
        }
        foreach (var uid in uids.Where(uid => texts.ContainsKey((uid, Text)) && texts.TryGetValue((uid, "HEADER"), out var header) && !IsMultipart(header)))
        {
            found[(uid, PartOne)] = texts[(uid, Text)];
            isRead = true;
        }
        return isRead;
    }

    /// <summary>Whether the section is part 1 of a message that has no other parts, so that its text is the same.</summary>
    public static async Task<bool> IsTextAsync(ImapSession session, Section section) =>
        section.Name == PartOne
        && (await RunAsync(session, section.Mailbox, section.UidValidity, [section.Uid], [new SectionSlice(ContentType, 0, 4096)])).TryGetValue((section.Uid, "HEADER"), out var header)
        && !IsMultipart(header);

    private static bool IsMultipart(byte[] header) => HeaderFields.Parse(header).ContentType().IsMimeType("multipart", "*");
}
