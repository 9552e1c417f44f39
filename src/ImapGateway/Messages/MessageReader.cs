using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.Html;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Messages.Bodies;
using ImapGateway.Sync;

namespace ImapGateway.Messages;

/// <summary>A message that was found in the index, with its headers.</summary>
public sealed record FoundMessage(string Id, IndexRow Row, MessageHeaders Headers);

/// <summary>The messages that were read, and those that failed. A message that is in neither is gone.</summary>
/// <param name="Read">The messages by id.</param>
/// <param name="Failed">The problems by id: the server has the message, and did not give what was requested.</param>
public sealed record ReadMessages(IReadOnlyDictionary<string, Message> Read, IReadOnlyDictionary<string, Problem> Failed)
{
    public static readonly ReadMessages None = new(ImmutableDictionary<string, Message>.Empty, ImmutableDictionary<string, Problem>.Empty);
}

/// <summary>Reads header fields and bodies of messages of one mailbox, with one FETCH for all that have the same sections to read.</summary>
public sealed class MessageReader(AccountContext account, MailboxState mailbox, ReadOptions options)
{
    private const int MostHeaderOctets = 128 * 1024;

    private sealed record Plan(FoundMessage Message, ImmutableArray<SectionSlice> Slices)
    {
        public uint Uid => Message.Row.Uid;
    }

    /// <summary>The octets that slices have brought, by uid and <see cref="SectionSlice.Key"/>.</summary>
    private sealed class Octets : Dictionary<(uint Uid, string Key), SliceOctets>;

    /// <param name="messages">The messages, at least one.</param>
    /// <param name="maxBodyBytes">The largest number of octets of each text and each HTML.</param>
    public async Task<ReadMessages> ReadAsync(IReadOnlyCollection<FoundMessage> messages, int maxBodyBytes, CancellationToken cancel)
    {
        if (!options.WantsMore)
        {
            return ReadMessages.None with { Read = messages.ToDictionary(message => message.Id, Basic) };
        }
        // Nothing can be requested of a message without known parts.
        var failed = messages.Where(message => options.WantsBody && message.Headers is { Problem: not null, Parts: [] }).ToDictionary(message => message.Id, message => message.Headers.Problem!);
        var plans = messages.Where(message => !failed.ContainsKey(message.Id)).Select(message => new Plan(message, SlicesOf(message, maxBodyBytes))).ToList();
        var uidValidity = mailbox.UidValidity;
        var stored = new SliceStore(account.Stored, mailbox.Counter, uidValidity);
        var octets = new Octets();
        List<Plan> unread = [];
        foreach (var plan in plans)
        {
            if (await stored.FindAsync(plan.Message, plan.Slices) is not { } found)
            {
                unread.Add(plan);
                continue;
            }
            foreach (var (slice, one) in plan.Slices.Zip(found))
            {
                octets[(plan.Message.Row.Uid, slice.Key)] = one;
            }
        }
        var fetched = await FetchAsync(unread, failed, cancel);
        // Cleaning HTML takes milliseconds, which the other requests of the account must not wait for.
        return await Task.Run(
            async () =>
            {
                foreach (var (message, slice) in unread.SelectMany(plan => plan.Slices.Select(slice => (plan.Message, slice))))
                {
                    if (fetched.TryGetValue((message.Row.Uid, slice.Key), out var encoded))
                    {
                        octets[(message.Row.Uid, slice.Key)] = await stored.DecodeAsync(message, slice, encoded);
                    }
                }
                return new ReadMessages(plans.Where(plan => IsThere(plan, octets)).ToDictionary(plan => plan.Message.Id, plan => Complete(plan, octets, maxBodyBytes)), failed);
            },
            cancel);
    }

    private ImmutableArray<SectionSlice> SlicesOf(FoundMessage message, int maxBodyBytes)
    {
        var bodies = options.WantsBody ? BodySlices.Of(message.Headers.Parts, options.Body(maxBodyBytes)) : [];
        return options.WantsHeaders ? bodies.Insert(0, new SectionSlice(HeaderSection(), 0, MostHeaderOctets)) : bodies;
    }

    private string HeaderSection() => options.Headers.IsEmpty ? "HEADER" : $"HEADER.FIELDS ({string.Join(' ', options.Headers)})";

    /// <param name="failed">Failures by message id; new ones are added.</param>
    private async Task<Dictionary<(uint, string), byte[]>> FetchAsync(List<Plan> plans, Dictionary<string, Problem> failed, CancellationToken cancel)
    {
        var found = new Dictionary<(uint, string), byte[]>();
        var (path, uidValidity) = (mailbox.Path, mailbox.UidValidity);
        foreach (var alike in plans.Where(plan => !plan.Slices.IsEmpty).GroupBy(plan => string.Join(' ', plan.Slices)))
        {
            var byUid = alike.ToDictionary(plan => plan.Uid);
            var slices = alike.First().Slices;
            var fetched = await new FetchIsolation(account.Pool, path, uidValidity).RunAsync(account.Pool, byUid.Keys, FetchAsync, cancel);
            foreach (var (uid, sections) in fetched.Found)
            {
                foreach (var (key, octets) in sections)
                {
                    found[(uid, key)] = octets;
                }
            }

            // An empty or invented response does not count: the message is gone, or is requested again.
            async Task<IReadOnlyDictionary<uint, Dictionary<string, byte[]>>> FetchAsync(ImapSession session, IReadOnlyCollection<uint> uids)
            {
                var sections = await SectionFetch.RunAsync(session, path, uidValidity, uids, slices);
                return sections.GroupBy(one => one.Key.Uid)
                    .ToDictionary(group => group.Key, group => group.ToDictionary(one => one.Key.Key, one => one.Value))
                    .Where(one => !IsEmpty(byUid[one.Key], one.Value) && !one.Value.Values.Any(octets => UnavailableMessage.IsText(octets))).ToDictionary();
            }
            foreach (var (uid, problem) in fetched.Failed)
            {
                failed[byUid[uid].Message.Id] = problem;
            }
            foreach (var uid in fetched.Left)
            {
                failed[byUid[uid].Message.Id] = FetchIsolation.NotAsked;
            }
        }
        return found;
    }

    /// <summary>True if the server sends NIL, or nothing, for a part that has octets according to the structure.</summary>
    private static bool IsEmpty(Plan plan, Dictionary<string, byte[]> sections) =>
        plan.Slices.Any(slice => sections.GetValueOrDefault(slice.Key) is null or [] && plan.Message.Headers.Parts.Any(part => part.Part == slice.Section && part.Size > 0));

    /// <summary>True if anything of the message was read. Otherwise it is gone, or has failed.</summary>
    private static bool IsThere(Plan plan, Octets octets) =>
        plan.Slices.IsEmpty || plan.Slices.Any(slice => octets.ContainsKey((plan.Message.Row.Uid, slice.Key)));

    private Message Complete(Plan plan, Octets octets, int maxBodyBytes)
    {
        var (id, row, headers) = plan.Message;
        var message = Basic(plan.Message);
        if (options.WantsHeaders)
        {
            var charset = headers.Parts.FirstOrDefault(part => part.InText || part.InHtml)?.Charset;
            message = message with { Headers = HeaderFields.Parse(octets.GetValueOrDefault((row.Uid, "HEADER")).Decoded ?? [], charset).Values(options.Headers.IsEmpty ? null : options.Headers) };
        }
        if (options.WantsBody)
        {
            var texts = plan.Slices.Where(slice => !slice.Key.StartsWith('H')).Select(slice => Text(headers, slice, octets.GetValueOrDefault((row.Uid, slice.Key)))).ToList();
            var named = new NamedParts(headers.Parts);
            message = message with { Body = BodyComposition.Compose(texts, options.Body(maxBodyBytes), url => named.Find(url) is { } part ? UrlOf(id, part) : null, id) };
        }
        return message;
    }

    private string UrlOf(string id, MessagePart part) =>
        $"{RouteRights.Root}/accounts/{account.Account.Id}/messages/{id}/parts/{part.Part}{(options.Form.Ticket is { } ticket ? $"?{TakesTicket.Parameter}={Uri.EscapeDataString(ticket)}" : "")}";

    private static BodyText Text(MessageHeaders headers, SectionSlice slice, SliceOctets octets)
    {
        var part = headers.Parts.First(part => part.Part == slice.Section);
        return new BodyText(part, CharsetDecoder.DecodePart(part, octets.Decoded ?? []), octets.IsCut);
    }

    private Message Basic(FoundMessage message) => Message.Of(message.Id, mailbox.Id, message.Row.Uid, message.Row.Flags, message.Row.ModSeq, message.Headers) with { Structure = options.Structure ? StructurePart.Of(message.Headers) : null };
}
