using System.Globalization;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>A range of a section to read from a message.</summary>
/// <param name="Section">The section: "HEADER", "HEADER.FIELDS (Subject To)", "1.2".</param>
/// <param name="Count">The maximum number of octets to read.</param>
public readonly record struct SectionSlice(string Section, long Offset, long Count)
{
    public string Section { get; } = ImapGrammar.IsSection(Section) ? Section : throw new ArgumentException("It is not a section of a message (RFC 3501 section 6.4.5).", nameof(Section));

    /// <summary>Returns the item for FETCH. It always uses PEEK: reading never marks a message as read.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"BODY.PEEK[{Section}]<{Offset}.{Count}>");

    /// <summary>The key of the section. Servers write the list of fields in different ways.</summary>
    public string Key => KeyOf(Section);

    /// <summary>True if this is the section that was asked for.</summary>
    /// <param name="section">The section as a server writes it.</param>
    /// <param name="offset">The position of its first octet.</param>
    public bool Is(string section, long offset) => offset == Offset && KeyOf(section).Equals(Key, StringComparison.OrdinalIgnoreCase);

    /// <param name="section">The section as a server writes it.</param>
    public static string KeyOf(string section) => section.StartsWith("HEADER", StringComparison.OrdinalIgnoreCase) ? "HEADER" : section;
}

/// <summary>A FETCH of sections, the only command that the gateway composes itself.</summary>
public sealed record SectionCommand(IReadOnlyCollection<uint> Uids, IReadOnlyCollection<SectionSlice> Slices)
{
    /// <summary>Returns the command without tag and line end.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"UID FETCH {UidSet.Ascending(Uids)} ({string.Join(' ', Slices)})");
}

/// <summary>Reads the beginnings of sections of many messages in one FETCH, for which MailKit has no method.</summary>
public static class SectionFetch
{
    /// <summary>The maximum number of refusals of one call, before the remaining messages count as refused.</summary>
    private const int MostRefusals = 16;

    private const string PartOne = "1";
    /// <summary>The section with the message text, without its header.</summary>
    public const string Text = "TEXT";

    private const string ContentType = "HEADER.FIELDS (CONTENT-TYPE)";

    private delegate Task Sending(IReadOnlyCollection<uint> uids, IReadOnlyCollection<SectionSlice> slices, Dictionary<(uint, string), byte[]> found);

    /// <returns>
    /// The octets by uid and <see cref="SectionSlice.Key"/>. A message that no longer exists, or that the server refuses, is missing; a section that it does not have is empty or missing, and one that the
    /// server sends in two versions is missing.
    /// </returns>
    /// <exception cref="ImapCommandException">The server refuses the only requested message.</exception>
    public static async Task<IReadOnlyDictionary<(uint Uid, string Key), byte[]>> RunAsync(
        ImapSession session, string path, uint uidValidity, IReadOnlyCollection<uint> uids, IReadOnlyCollection<SectionSlice> slices)
    {
        var folder = await session.SelectAsync(path, uidValidity: uidValidity, highestUid: uids.Max());
        var found = new Dictionary<(uint, string), byte[]>();
        var contradicted = new HashSet<(uint, string)>();
        var asked = uids.ToHashSet();
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
                // A message that the server cannot read must not affect the others: messages without an answer are requested again in halves.
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
            session.SendInsteadAsync(new SectionCommand(some, wanted), () => folder.GetStreamsAsync([new UniqueId(folder.UidValidity, some.First())], (_, _, uid, stream, _) => Keep(uid.Id, stream, wanted, into)));

        Task Keep(uint uid, Stream stream, IReadOnlyCollection<SectionSlice> wanted, Dictionary<(uint, string), byte[]> into)
        {
            foreach (var one in stream is SectionStream section && asked.Contains(uid) ? session.With(section) : [])
            {
                foreach (var slice in wanted.Where(slice => slice.Is(one.Section, one.Offset)))
                {
                    var octets = one.ToArray();
                    octets = octets.LongLength > slice.Count ? octets[..(int)slice.Count] : octets;
                    // Of two different answers neither counts.
                    if (into.TryGetValue((uid, slice.Key), out var other) ? !other.AsSpan().SequenceEqual(octets) : contradicted.Contains((uid, slice.Key)))
                    {
                        into.Remove((uid, slice.Key));
                        contradicted.Add((uid, slice.Key));
                        continue;
                    }
                    into[(uid, slice.Key)] = octets;
                }
            }
            return Task.CompletedTask;
        }
    }

    /// <summary>
    /// Requests the text in place of part 1. Every message has a part 1 (RFC 3501 section 6.4.5), but some servers refuse that of a message that is not a multipart. Its text is the same.
    /// </summary>
    /// <returns>False if that is refused, too, or the messages are multiparts.</returns>
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

    /// <summary>Returns whether the section is part 1 of a message that has no other parts, so that its text is the same.</summary>
    public static async Task<bool> IsTextAsync(ImapSession session, Section section) =>
        section.Name == PartOne
        && (await RunAsync(session, section.Mailbox, section.UidValidity, [section.Uid], [new SectionSlice(ContentType, 0, 4096)])).TryGetValue((section.Uid, "HEADER"), out var header)
        && !IsMultipart(header);

    private static bool IsMultipart(byte[] header) => HeaderFields.Parse(header).ContentType().IsMimeType("multipart", "*");
}
