using ImapGateway.Mail;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;

namespace ImapGateway.Imap;

/// <summary>
/// Refreshes a mailbox once, with the extensions that the server advertises: tier A (QRESYNC: flags and removals since modSeq in the SELECT itself), tier B (CONDSTORE: flags by CHANGEDSINCE,
/// removals by comparing uids if the numbers show that there are some), tier C (neither: new messages by uid, flags of the newest window at every refresh and of the older ones in turn).
/// </summary>
public static class MailboxLook
{
    /// <summary>The number of messages whose flags tier C compares at every refresh.</summary>
    public const int Window = 1000;

    /// <summary>The messages per FETCH when all are read. The objects that MailKit builds from an answer take 800 bytes for each message.</summary>
    private const int Batch = 5000;

    /// <summary>The number of messages whose changes are requested at once.</summary>
    private const int Changes = 10_000;

    private const int MostVanished = 100_000;

    /// <summary>The maximum number of messages that a mailbox can have. A number costs a server nothing, and each message takes 100 octets in the gateway while it is being read.</summary>
    private const int MostMessages = 2_000_000;

    private static readonly FetchRequest FlagItems = new(MessageSummaryItems.UniqueId | MessageSummaryItems.Flags);
    private static readonly FetchRequest FlagAndModSeqItems = new(MessageSummaryItems.UniqueId | MessageSummaryItems.Flags | MessageSummaryItems.ModSeq);

    /// <param name="room">The number of messages that there is memory for. A refresh that has to read more reads nothing and returns <see cref="MailboxView.Needed"/>.</param>
    public static Task<MailboxView> AtAsync(ImapSession session, string path, KnownMailbox known, int room)
    {
        var incremental = known.UidValidity != 0;
        if (incremental && known.HighestModSeq != 0 && session.Capabilities.HasFlag(ImapCapabilities.QuickResync))
        {
            return ByQuickResyncAsync(session, path, known, room);
        }
        if (incremental && known.HighestModSeq != 0 && session.Capabilities.HasFlag(ImapCapabilities.CondStore))
        {
            return ByChangedSinceAsync(session, path, known, room);
        }
        return incremental ? ByComparingAsync(session, path, known, room) : CompleteAsync(session, path, room);
    }

    /// <summary>Reads the uids and flags of all messages.</summary>
    private static async Task<MailboxView> CompleteAsync(ImapSession session, string path, int room)
    {
        var folder = await SelectAsync(session, path);
        var view = ViewOf(session, folder);
        if (folder.Count > room)
        {
            return view with { Needed = folder.Count };
        }
        var rows = folder.Count == 0 ? []
            : await session.TryWithAsync(ImapCapabilities.ESearch, () => session.Capabilities.HasFlag(ImapCapabilities.ESearch) && folder.AcceptedKeywords.All(ImapGrammar.IsKeyword)
                ? FlagsBySearchAsync(folder, view.HighestModSeq)
                : FlagsByFetchAsync(folder, view.HighestModSeq));
        return view with { Rows = rows, AllUids = [.. rows.Select(row => row.Uid)], Exists = rows.Count };
    }

    /// <summary>Reads the flags of some messages. Messages that no longer exist are missing.</summary>
    /// <exception cref="ProblemException"><see cref="ErrorCode.Gone"/> if UIDVALIDITY has changed.</exception>
    public static async Task<IReadOnlyList<SeenMessage>> FlagsOfAsync(ImapSession session, string path, uint uidValidity, IReadOnlyCollection<uint> uids)
    {
        var folder = await session.SelectAsync(path, uidValidity: uidValidity, highestUid: uids.Max());
        // The server reports flags set by other clients to a session that asks (RFC 3501 section 7.4.2). A FETCH may answer from old data.
        await session.Client.NoOpAsync();
        return Rows(await folder.FetchAsync([.. uids.Select(uid => new UniqueId(uidValidity, uid))], FlagItems), 0);
    }

    /// <summary>Reads the flags of one message of the selected mailbox. Null if it no longer exists.</summary>
    public static async Task<SeenMessage?> FlagsOfAsync(ImapSession session, ImapFolder folder, uint uid)
    {
        var items = session.Capabilities.HasFlag(ImapCapabilities.CondStore) ? FlagAndModSeqItems : FlagItems;
        var rows = Rows(await folder.FetchAsync([new UniqueId(folder.UidValidity, uid)], items), 0);
        return rows.Where(row => row.Uid == uid).Select(row => (SeenMessage?)row).FirstOrDefault();
    }

    private static async Task<MailboxView> ByQuickResyncAsync(ImapSession session, string path, KnownMailbox known, int room)
    {
        var rows = new List<SeenMessage>();
        var vanished = new List<uint>();
        var implausible = false;
        void OnFlags(object? sender, MessageFlagsChangedEventArgs e)
        {
            implausible |= rows.Count > Math.Min(MostVanished + known.Count, room);
            if (e.UniqueId is { IsValid: true } uid && !implausible)
            {
                rows.Add(new SeenMessage(uid.Id, FlagMapping.ToFlags(e.Flags, e.Keywords), ModSeq(e.ModSeq)));
            }
        }
        void OnVanished(object? sender, MessagesVanishedEventArgs e)
        {
            // A server that no longer knows what it expunged may name every possible uid.
            implausible |= e.UniqueIds.Count is var count && (count < 0 || vanished.Count + (long)count > MostVanished + known.Count);
            if (!implausible)
            {
                vanished.AddRange(e.UniqueIds.Select(uid => uid.Id));
            }
        }

        ImapFolder? watched = null;
        try
        {
            var folder = await session.ReselectAsync(path, async opened =>
            {
                watched = opened;
                opened.MessageFlagsChanged += OnFlags;
                opened.MessagesVanished += OnVanished;
                await opened.OpenAsync(FolderAccess.ReadOnly, known.UidValidity, known.HighestModSeq, []);
            });
            if (!session.Capabilities.HasFlag(ImapCapabilities.QuickResync))
            {
                // The parameter was refused: the mailbox was opened without it.
                return await AtAsync(session, path, known, room);
            }
            if (folder.UidValidity != known.UidValidity || ModSeq(folder.HighestModSeq) == 0)
            {
                // A wrong uidValidity raises no event; a mailbox without modSeqs (NOMODSEQ) answers nothing to QRESYNC.
                return folder.UidValidity != known.UidValidity ? await CompleteAsync(session, path, room) : await CompareAsync(session, folder, known);
            }
            var view = ViewOf(session, folder) with { Rows = rows, Vanished = vanished };
            var gone = vanished.ToHashSet();
            var left = ExpectedCount(known, rows.Where(row => !gone.Contains(row.Uid))) - (gone.Count - known.Unknown(gone).Count);
            return !implausible && left == folder.Count && view.HighestModSeq >= known.HighestModSeq ? view : await CompleteAsync(session, path, room);
        }
        finally
        {
            if (watched is not null)
            {
                watched.MessageFlagsChanged -= OnFlags;
                watched.MessagesVanished -= OnVanished;
            }
        }
    }

    private static async Task<MailboxView> ByChangedSinceAsync(ImapSession session, string path, KnownMailbox known, int room)
    {
        var folder = await SelectAsync(session, path);
        var view = ViewOf(session, folder);
        if (view.UidValidity != known.UidValidity || (view.HighestModSeq != 0 && view.HighestModSeq < known.HighestModSeq))
        {
            // A server that restarts its count has lost the changes since then.
            return await CompleteAsync(session, path, room);
        }
        if (view.HighestModSeq == 0)
        {
            return await CompareAsync(session, folder, known);
        }
        if (view.HighestModSeq == known.HighestModSeq && view.UidNext == known.UidNext && view.Exists == known.Count)
        {
            return view;
        }
        return await session.TryWithAsync(
            ImapCapabilities.CondStore, () => session.Capabilities.HasFlag(ImapCapabilities.CondStore) ? ChangedSinceAsync(session, folder, view, known, room) : CompareAsync(session, folder, known));
    }

    private static async Task<MailboxView> ChangedSinceAsync(ImapSession session, ImapFolder folder, MailboxView view, KnownMailbox known, int room)
    {
        var request = new FetchRequest(FlagAndModSeqItems.Items) { ChangedSince = known.HighestModSeq };
        var rows = folder.Count == 0 ? []
            : folder.Count <= Changes ? Rows(await folder.FetchAsync(new UniqueIdRange(UniqueId.MinValue, UniqueId.MaxValue), request), 0)
            : await InPartsAsync(folder, request, Changes, 0, mayBeEmpty: true, room);
        if (rows.Count > room)
        {
            return view with { Needed = folder.Count };
        }
        view = view with { Rows = rows };
        // HIGHESTMODSEQ alone does not show expunges (RFC 7162 section 3.1.1): the number of messages does.
        return ExpectedCount(known, rows) == folder.Count ? view : view with { AllUids = await AllUidsAsync(session, folder) };
    }

    private static async Task<MailboxView> ByComparingAsync(ImapSession session, string path, KnownMailbox known, int room)
    {
        var folder = await SelectAsync(session, path);
        return folder.UidValidity == known.UidValidity ? await CompareAsync(session, folder, known) : await CompleteAsync(session, path, room);
    }

    private static async Task<MailboxView> CompareAsync(ImapSession session, ImapFolder folder, KnownMailbox known)
    {
        var view = ViewOf(session, folder) with { Precision = Precision.Windowed };
        if (folder.Count == 0)
        {
            return view with { AllUids = [] };
        }
        var rows = new Dictionary<uint, SeenMessage>();
        void Add(IEnumerable<SeenMessage> seen)
        {
            foreach (var row in seen)
            {
                rows[row.Uid] = row;
            }
        }
        var older = Math.Max(0, folder.Count - Window);
        var (olderLeft, comparedFrom) = (0, 0u);
        if (older > 0)
        {
            // By sequence number, downwards: messages that an expunge shifts are compared twice rather than never.
            var end = known.OlderLeft > 0 && known.OlderLeft < older ? known.OlderLeft : older;
            olderLeft = Math.Max(0, end - Window);
            Add(Rows(await folder.FetchAsync(olderLeft, end - 1, FlagItems), 0));
        }
        var newest = Rows(await folder.FetchAsync(older, -1, FlagItems), 0);
        if (older > 0)
        {
            comparedFrom = newest.Count > 0 ? newest[0].Uid : uint.MaxValue;
        }
        Add(newest);
        // "n:*" names the last message even if its uid is below n (RFC 3501 section 6.4.8); a known one does no harm.
        if ((view.UidNext == 0 || view.UidNext > known.MaxUid + 1) && comparedFrom > known.MaxUid + 1)
        {
            Add(Rows(await folder.FetchAsync(new UniqueIdRange(new UniqueId(known.MaxUid + 1), UniqueId.MaxValue), FlagItems), 0));
        }
        var complete = ExpectedCount(known, rows.Values) == folder.Count ? null : await AllUidsAsync(session, folder);
        if (complete is not null)
        {
            var missing = known.Unknown(complete).Where(uid => !rows.ContainsKey(uid)).Select(uid => new UniqueId(uid));
            foreach (var some in missing.Chunk(Batch))
            {
                Add(Rows(await folder.FetchAsync(some, FlagItems), 0));
            }
        }
        return view with { Rows = [.. rows.Values], AllUids = complete, OlderLeft = olderLeft, ComparedFrom = comparedFrom };
    }

    private static async Task<IReadOnlyList<uint>> AllUidsAsync(ImapSession session, ImapFolder folder)
    {
        var uids = await session.TryWithAsync(ImapCapabilities.ESearch, async () => session.Capabilities.HasFlag(ImapCapabilities.ESearch)
            ? (await folder.SearchAsync(SearchOptions.All, SearchQuery.All)).UniqueIds
            : await folder.SearchAsync(SearchQuery.All));
        return [.. uids.Select(uid => uid.Id).Order()];
    }

    /// <summary>Reads changed flags by one ESEARCH (RFC 4731) per flag, which answers with ranges of uids instead of a line per message.</summary>
    private static async Task<List<SeenMessage>> FlagsBySearchAsync(ImapFolder folder, ulong modSeq)
    {
        var names = new List<(string Name, SearchQuery Query)>
        {
            (Flags.Seen, SearchQuery.Seen),
            (Flags.Answered, SearchQuery.Answered),
            (Flags.Flagged, SearchQuery.Flagged),
            (Flags.Draft, SearchQuery.Draft),
            (Flags.Deleted, SearchQuery.Deleted),
        };
        names.AddRange(folder.AcceptedKeywords.Where(keyword => FlagMapping.SystemFlag(keyword) == MessageFlags.None).Select(keyword => (keyword, (SearchQuery)SearchQuery.HasKeyword(keyword))));
        var all = await folder.SearchAsync(SearchOptions.All, SearchQuery.All);
        var sets = new List<(string Name, IList<UniqueId> Uids)>();
        foreach (var (name, query) in names)
        {
            var found = (await folder.SearchAsync(SearchOptions.All, query)).UniqueIds;
            if (found.Count > 0)
            {
                sets.Add((name, found));
            }
        }
        return await Task.Run(() => Combine(all.UniqueIds, sets, modSeq));
    }

    private static List<SeenMessage> Combine(IList<UniqueId> all, List<(string Name, IList<UniqueId> Uids)> sets, ulong modSeq)
    {
        var masks = new Dictionary<uint, ulong>();
        var wide = sets.Count > 64 ? new Dictionary<uint, List<string>>() : null;
        for (var i = 0; i < sets.Count; i++)
        {
            foreach (var uid in sets[i].Uids)
            {
                if (wide is null)
                {
                    System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(masks, uid.Id, out _) |= 1UL << i;
                }
                else
                {
                    (System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(wide, uid.Id, out _) ??= []).Add(sets[i].Name);
                }
            }
        }
        var known = new Dictionary<ulong, Flags>();
        var rows = new List<SeenMessage>(all.Count);
        foreach (var uid in all)
        {
            Flags? flags;
            if (wide is not null)
            {
                flags = wide.TryGetValue(uid.Id, out var names) ? Flags.Of(names) : Flags.None;
            }
            else
            {
                var mask = masks.GetValueOrDefault(uid.Id);
                if (!known.TryGetValue(mask, out flags))
                {
                    known[mask] = flags = Flags.Of(sets.Where((_, i) => (mask & 1UL << i) != 0).Select(set => set.Name));
                }
            }
            rows.Add(new SeenMessage(uid.Id, flags, modSeq));
        }
        rows.Sort((a, b) => a.Uid.CompareTo(b.Uid));
        return rows;
    }

    private static Task<List<SeenMessage>> FlagsByFetchAsync(ImapFolder folder, ulong modSeq) => InPartsAsync(folder, FlagItems, Batch, modSeq, mayBeEmpty: false, int.MaxValue);

    /// <summary>Fetches the messages in parts, downwards. Messages that an expunge in between shifts are read twice rather than never.</summary>
    private static async Task<List<SeenMessage>> InPartsAsync(ImapFolder folder, FetchRequest request, int part, ulong modSeq, bool mayBeEmpty, int room)
    {
        var rows = new Dictionary<uint, SeenMessage>();
        for (var end = folder.Count; end > 0 && rows.Count <= room; end = Math.Min(end - part, folder.Count))
        {
            var batch = Rows(await folder.FetchAsync(Math.Max(0, end - part), end - 1, request), modSeq);
            if (!mayBeEmpty && batch.Count == 0 && end <= folder.Count)
            {
                // EXISTS costs a server nothing, either: without this check, two billion messages that do not exist would be requested part by part.
                throw new ImapProtocolException("The mail server has fewer messages than it says.");
            }
            foreach (var row in batch)
            {
                rows.TryAdd(row.Uid, row);
            }
        }
        return [.. rows.Values.OrderBy(row => row.Uid)];
    }

    private static List<SeenMessage> Rows(IEnumerable<IMessageSummary> summaries, ulong modSeq) =>
        [.. summaries
            .Where(summary => summary.UniqueId.IsValid && summary.Flags is not null)
            .Select(summary => new SeenMessage(summary.UniqueId.Id, FlagMapping.ToFlags(summary.Flags!.Value, summary.Keywords), modSeq != 0 ? modSeq : ModSeq(summary.ModSeq)))
            .OrderBy(row => row.Uid)];

    private static Task<ImapFolder> SelectAsync(ImapSession session, string path) =>
        session.ReselectAsync(path, folder => folder.OpenAsync(FolderAccess.ReadOnly));

    private static int ExpectedCount(KnownMailbox known, IEnumerable<SeenMessage> rows) => known.Count + known.Unknown(rows.Select(row => row.Uid)).Count;

    private static MailboxView ViewOf(ImapSession session, ImapFolder folder)
    {
        if (folder.Count > MostMessages)
        {
            throw new ProblemException(ErrorCode.AccountProtocol, $"The mail server says that the mailbox has {folder.Count} messages. The gateway reads mailboxes of up to {MostMessages}.");
        }
        var modSeq = session.Capabilities.HasFlag(ImapCapabilities.CondStore) ? ModSeq(folder.HighestModSeq) : 0;
        return new MailboxView
        {
            UidValidity = folder.UidValidity,
            UidNext = folder.UidNext is { IsValid: true } next ? next.Id : 0,
            HighestModSeq = modSeq,
            Exists = folder.Count,
            Precision = modSeq == 0 ? Precision.Windowed : Precision.Exact,
            ObjectId = folder.Id,
        };
    }

    // Zoho answers -1, others 0: both mean that there is none.
    private static ulong ModSeq(ulong? value) => value is null or > long.MaxValue ? 0 : value.Value;
}
