using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.Html;
using ImapGateway.Http;
using ImapGateway.Imap;
using ImapGateway.Index;
using ImapGateway.Mail;
using ImapGateway.Messages.Bodies;
using ImapGateway.Sync;

namespace ImapGateway.Messages;

/// <summary>A message that was found in the index, with its headers.</summary>
public sealed record FoundMessage(string Id, IndexRow Row, MessageHeaders Headers);

/// <summary>Header fields and bodies of messages of one mailbox: one FETCH for all that have the same sections to read.</summary>
public sealed class MessageReader(AccountContext account, MailboxState mailbox, ReadOptions options)
{
    private const int MostHeaderOctets = 128 * 1024;

    private sealed record Plan(FoundMessage Message, ImmutableArray<SectionSlice> Slices);

    /// <summary>What a slice has brought: by uid and <see cref="SectionSlice.Key"/>.</summary>
    private sealed class Octets : Dictionary<(uint Uid, string Key), SliceOctets>;

    /// <param name="messages">At least one.</param>
    /// <param name="maxBodyBytes">Of each text and each HTML.</param>
    /// <returns>By id. A message that has gone meanwhile is missing.</returns>
    public async Task<IReadOnlyDictionary<string, Message>> ReadAsync(IReadOnlyCollection<FoundMessage> messages, int maxBodyBytes, CancellationToken cancel)
    {
        if (!options.WantsMore)
        {
            return messages.ToDictionary(message => message.Id, Basic);
        }
        var plans = messages.Select(message => new Plan(message, SlicesOf(message, maxBodyBytes))).ToList();
        var (path, uidValidity) = (mailbox.Path, mailbox.UidValidity);
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
        var fetched = unread.Count > 0 ? await account.Pool.RunAsync(path, repeatable: true, session => FetchAsync(session, path, uidValidity, unread), cancel) : [];
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
                return plans.Where(plan => IsThere(plan, octets)).ToDictionary(plan => plan.Message.Id, plan => Complete(plan, octets, maxBodyBytes));
            },
            cancel);
    }

    private ImmutableArray<SectionSlice> SlicesOf(FoundMessage message, int maxBodyBytes)
    {
        var bodies = options.WantsBody ? BodySlices.Of(message.Headers.Parts, options.Body(maxBodyBytes)) : [];
        return options.WantsHeaders ? bodies.Insert(0, new SectionSlice(HeaderSection(), 0, MostHeaderOctets)) : bodies;
    }

    private string HeaderSection() => options.Headers.IsEmpty ? "HEADER" : $"HEADER.FIELDS ({string.Join(' ', options.Headers)})";

    private static async Task<Dictionary<(uint, string), byte[]>> FetchAsync(ImapSession session, string path, uint uidValidity, List<Plan> plans)
    {
        var found = new Dictionary<(uint, string), byte[]>();
        foreach (var alike in plans.GroupBy(plan => string.Join(' ', plan.Slices)))
        {
            await AddAsync([.. alike]);
            // The server gave no answer for these because of one of them, or has nothing to give.
            foreach (var missing in alike.Where(plan => alike.Count() > 1 && !plan.Slices.Any(slice => found.ContainsKey((plan.Message.Row.Uid, slice.Key)))))
            {
                await AddAsync([missing]);
            }
        }
        return found;

        async Task AddAsync(IReadOnlyCollection<Plan> alike)
        {
            var sections = await SectionFetch.RunAsync(session, path, uidValidity, [.. alike.Select(plan => plan.Message.Row.Uid)], alike.First().Slices);
            foreach (var (key, octets) in sections)
            {
                found[key] = octets;
            }
        }
    }

    /// <summary>A message that the server does not say a word about has gone.</summary>
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
