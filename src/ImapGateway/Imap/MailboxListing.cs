using ImapGateway.Mail;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;

namespace ImapGateway.Imap;

/// <summary>Lists the mailboxes of an account with the extensions that the server advertises. Returns what the server reports; <c>Sync</c> decides which mailbox is which.</summary>
public static class MailboxListing
{
    /// <summary>The maximum number of namespaces that are listed. Each costs a LIST. Servers have a few, and some have one for each user who shares mailboxes.</summary>
    internal const int MostNamespaces = 200;

    // MAILBOXID is not among them: Cyrus 3.6 answers it within LIST with bytes that end the session.
    private const StatusItems Counted = StatusItems.Count | StatusItems.Unread | StatusItems.UidNext | StatusItems.UidValidity | StatusItems.HighestModSeq;

    private static readonly SpecialFolder[] SpecialFolders = Enum.GetValues<SpecialFolder>();

    /// <summary>True if <see cref="AllAsync"/> needs only one LIST per namespace (RFC 5258, RFC 5819).</summary>
    public static bool IsCheap(ImapSession session) => session.Capabilities.HasFlag(ImapCapabilities.ListExtended) && !session.Avoids(ImapCapabilities.ListStatus);

    /// <summary>
    /// Lists all mailboxes that the account can see. Counters come with LIST-STATUS, else by one STATUS for each mailbox that can be selected; subscriptions come with LIST-EXTENDED, else by LSUB.
    /// </summary>
    /// <param name="known">The mailboxes that the account has already: they are kept, however many others the server lists.</param>
    public static async Task<MailboxList> AllAsync(ImapSession session, ListingLimit.Known known)
    {
        using var collecting = Collect(session, known);
        var mailboxes = await CollectAsync(session, counters: true);
        if (session.Listing.Unreadable is > 0 and var unreadable)
        {
            session.Quirks.Learn(Quirks.Listing, $"It lists {unreadable} mailboxes without a name that can be read. They are neither shown nor watched.");
        }
        return new MailboxList(mailboxes, session.Listing.LeftOut, session.Listing.Most);
    }

    /// <summary>Lists all mailboxes without counters, which cost most if there is no LIST-STATUS.</summary>
    public static async Task<IReadOnlyList<ListedMailbox>> NamesAsync(ImapSession session, ListingLimit.Known known)
    {
        using var collecting = Collect(session, known);
        return await CollectAsync(session, counters: false);
    }

    /// <summary>Lists only the paths of the mailboxes, by one LIST per namespace.</summary>
    public static async Task<IReadOnlySet<(string Path, bool Selectable)>> PathsAsync(ImapSession session, ListingLimit.Known known)
    {
        using var collecting = Collect(session, known);
        await session.RefreshViewAsync();
        var folders = await FoldersAsync(session, counters: false);
        return folders.Values.Where(folder => folder.Path.Length > 0).Select(folder => (folder.Path, IsSelectable(folder))).ToHashSet();
    }

    /// <summary>Starts a listing. Mailboxes with a role are listed separately at login (RFC 6154 section 2); LIST "*" need not repeat their roles.</summary>
    private static IDisposable Collect(ImapSession session, ListingLimit.Known known)
    {
        var special = (session.Capabilities & (ImapCapabilities.SpecialUse | ImapCapabilities.XList)) == 0 ? [] : SpecialFolders.Select(session.Client.GetFolder).OfType<IMailFolder>();
        var withRole = special.Select(folder => folder.Path).ToHashSet(StringComparer.Ordinal);
        return session.Listing.Collect(known with { Has = path => withRole.Contains(path) || known.Has(path) });
    }

    private static async Task<IReadOnlyList<ListedMailbox>> CollectAsync(ImapSession session, bool counters)
    {
        await session.RefreshViewAsync();
        var folders = counters && !session.Avoids(ImapCapabilities.ListStatus)
            ? await session.Quirks.Fatal.RunAsync(session, CapabilityNames.NameOf(ImapCapabilities.ListStatus), "", () => FoldersAsync(session, counters))
            : await FoldersAsync(session, counters: false);
        var counted = session.Listing.Counted.ToHashSet(StringComparer.Ordinal);
        // Uses the attributes from LIST: LSUB comes later, and MailKit adds its attributes to these.
        var selectable = folders.Values.Where(IsSelectable).Select(folder => folder.Path).ToHashSet(StringComparer.Ordinal);
        var subscribed = session.Capabilities.HasFlag(ImapCapabilities.ListExtended) ? null : await SubscribedAsync(session, selectable.Contains);
        var foreign = Prefixes(session.Client.SharedNamespaces).Concat(Prefixes(session.Client.OtherNamespaces)).Take(MostNamespaces).ToList();
        var listed = new List<ListedMailbox>();
        foreach (var folder in folders.Values.Where(folder => folder.Path.Length > 0).OrderBy(folder => folder.Path, StringComparer.Ordinal))
        {
            var isSelectable = selectable.Contains(folder.Path);
            var (counts, problem) = !counters || !isSelectable ? (null, null)
                : counted.Contains(folder.Path) ? (Counters(folder), null)
                : await CountAsync(session, folder);
            listed.Add(new ListedMailbox(
                folder.Path,
                folder.DirectorySeparator == '\0' ? null : folder.DirectorySeparator.ToString(),
                subscribed?.Contains(folder.Path) ?? (folder.IsSubscribed || session.Quirks.Has(Quirks.Subscriptions)),
                isSelectable,
                SpecialUse(folder.Attributes),
                counts)
            {
                Problem = problem,
                Personal = !foreign.Exists(prefix => folder.Path.StartsWith(prefix, StringComparison.Ordinal) || folder.Path + folder.DirectorySeparator == prefix),
            });
        }
        return listed;
    }

    /// <summary>Returns all mailboxes that the server lists, by one LIST per namespace.</summary>
    public static async Task<IReadOnlyCollection<IMailFolder>> FoldersAsync(ImapSession session) => (await FoldersAsync(session, counters: false)).Values;

    /// <returns>The mailboxes by path.</returns>
    private static Task<Dictionary<string, IMailFolder>> FoldersAsync(ImapSession session, bool counters) =>
        // STATUS is a return option of LIST-EXTENDED: to a server that refuses both, LIST is sent without either.
        session.TryWithAsync(ImapCapabilities.ListExtended, () => session.TryWithAsync(ImapCapabilities.ListStatus, async () =>
        {
            var folders = new Dictionary<string, IMailFolder>(StringComparer.Ordinal);
            foreach (var root in Roots(session.Client))
            {
                // Without LIST-STATUS MailKit would send one STATUS each, and fail with the first that is refused.
                foreach (var folder in await session.Client.GetFoldersAsync(root, counters && session.Capabilities.HasFlag(ImapCapabilities.ListStatus) ? Counted : StatusItems.None))
                {
                    folders.TryAdd(folder.Path, folder);
                }
            }
            if (!folders.Values.Any(folder => folder.Attributes.HasFlag(FolderAttributes.Inbox)))
            {
                // The inbox always exists (RFC 3501 section 5.1), even if LIST leaves it out.
                folders.TryAdd(session.Client.Inbox.Path, session.Client.Inbox);
            }
            return folders;
        }));

    /// <summary>Reads one mailbox again, without the others.</summary>
    public static async Task<ListedMailbox> OneAsync(ImapSession session, ListedMailbox known)
    {
        var subscribed = await SubscribedAsync(session, path => path != known.Path || known.Selectable);
        var (counters, problem) = known.Selectable ? await CountAsync(session, known.Path) : (null, null);
        return known with { Subscribed = subscribed?.Contains(known.Path) ?? true, Counters = counters, Problem = problem };
    }

    /// <summary>Sends STATUS of a mailbox. Returns no counters, and the reason, if the server refuses it, or if it has ended a connection.</summary>
    public static async Task<(MailboxCounters? Counters, Problem? Problem)> CountAsync(ImapSession session, string path)
    {
        await session.RefreshViewAsync();
        return await CountAsync(session, await session.FolderAsync(path));
    }

    /// <summary>Sends STATUS again for a mailbox that has ended a connection, if its pause is over.</summary>
    /// <returns>The problem that <see cref="FatalCommands"/> remembers now.</returns>
    public static async Task<Problem?> RetryAsync(ImapSession session, string path)
    {
        var fatal = session.Quirks.Fatal;
        if (fatal.Find(FatalCommands.Status, path) is not null && fatal.PauseOf(FatalCommands.Status, path) == TimeSpan.Zero)
        {
            try
            {
                await fatal.RunAsync(session, FatalCommands.Status, path, async () => await StatusAsync(session, await session.FolderAsync(path)));
            }
            catch (Exception e) when (e is ImapCommandException or FolderNotFoundException)
            {
                // The server answers, and the mailbox is refused or no longer exists.
                fatal.Forget(FatalCommands.Status, path);
            }
        }
        return fatal.Find(FatalCommands.Status, path);
    }

    /// <summary>Opens each of the mailboxes to identify it. A mailbox that cannot be opened is missing from the result.</summary>
    public static async Task<IReadOnlyDictionary<string, MailboxProof>> ProveAsync(ImapSession session, IReadOnlyCollection<string> paths, bool uids)
    {
        var proofs = new Dictionary<string, MailboxProof>(StringComparer.Ordinal);
        var fatal = session.Quirks.Fatal;
        foreach (var path in paths.Where(path => fatal.PauseOf(FatalCommands.Select, path) == TimeSpan.Zero))
        {
            try
            {
                proofs[path] = await fatal.RunAsync(session, FatalCommands.Select, path, async () =>
                {
                    var folder = await session.ReselectAsync(path, opened => opened.OpenAsync(FolderAccess.ReadOnly));
                    var all = uids && folder.Count > 0 ? await folder.SearchAsync(SearchQuery.All) : [];
                    return new MailboxProof(folder.UidValidity, UidNext(folder), folder.Id, [.. all.Select(uid => uid.Id)]);
                });
            }
            catch (Exception e) when (e is ImapCommandException or FolderNotFoundException)
            {
                // The mailbox no longer exists, or the account may not read it: it proves nothing.
            }
        }
        return proofs;
    }

    /// <summary>Returns the rights as letters of RFC 4314 section 2.1. Null without ACL, or if the server does not report them.</summary>
    public static async Task<string?> RightsAsync(ImapSession session, string path)
    {
        if (!session.Capabilities.HasFlag(ImapCapabilities.Acl))
        {
            return null;
        }
        try
        {
            return (await (await session.FolderAsync(path)).GetMyAccessRightsAsync()).ToString();
        }
        catch (ImapCommandException)
        {
            return null;
        }
    }

    /// <summary>Returns the folder above all others, below which top-level mailboxes are created.</summary>
    public static async Task<IMailFolder> RootAsync(ImapSession session)
    {
        try
        {
            return await session.Client.GetFolderAsync("");
        }
        catch (FolderNotFoundException)
        {
            // Dovecot does not answer LIST "" "" with RETURN. MailKit takes the folder for granted as the parent of a listed mailbox.
            await session.Client.GetFoldersAsync(WithItself(session.Client.Inbox));
            return await session.Client.GetFolderAsync("");
        }
    }

    /// <summary>Returns the roots of the listing. Mailboxes below the inbox are listed with the inbox: a server that keeps everything there leaves it out of LIST "INBOX.*".</summary>
    private static IReadOnlyList<FolderNamespace> Roots(ImapClient client) =>
        [.. client.PersonalNamespaces.Concat(client.OtherNamespaces).Concat(client.SharedNamespaces)
            .Select(root => root.Path.Equals("INBOX", StringComparison.OrdinalIgnoreCase) ? WithItself(client.Inbox) : root)
            .DistinctBy(root => root.Path).Take(MostNamespaces)];

    /// <summary>Makes MailKit list the mailbox itself, too. MailKit requests path, delimiter, "*": with a wildcard as the delimiter the mailbox itself is in the answer.</summary>
    private static FolderNamespace WithItself(IMailFolder folder) => new('*', folder.FullName);

    /// <summary>
    /// Returns the names in the answer of LSUB. Its attributes say nothing about the mailbox itself: \Noselect means that the name is not subscribed but one below it is (RFC 3501 section 6.3.9).
    /// Courier sends it for the inbox once a mailbox below it is subscribed.
    /// </summary>
    /// <param name="isSelectable">True if LIST shows the mailbox as selectable. The name of a mailbox that is \Noselect in LIST may be subscribed.</param>
    /// <returns>The names; null if the server refuses LSUB.</returns>
    private static async Task<HashSet<string>?> SubscribedAsync(ImapSession session, Func<string, bool> isSelectable)
    {
        if (session.Quirks.Has(Quirks.Subscriptions))
        {
            return null;
        }
        var names = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            foreach (var root in Roots(session.Client))
            {
                // Compares by name: MailKit never marks a mailbox as unsubscribed once it was subscribed.
                var listed = await session.Client.GetFoldersAsync(root, StatusItems.None, subscribedOnly: true);
                names.UnionWith(listed.Where(folder => IsSelectable(folder) || !isSelectable(folder.Path)).Select(folder => folder.Path));
            }
        }
        catch (ImapCommandException e) when (session.Explain(e).Problem is var refusal && Quirks.IsOfCommand(refusal))
        {
            session.Quirks.Learn(Quirks.Subscriptions, Quirks.DetailOf(session.Explain(e).Problem));
            return null;
        }
        return names;
    }

    private static IEnumerable<string> Prefixes(FolderNamespaceCollection namespaces) =>
        namespaces.Where(one => one.Path.Length > 0).Select(one => one.Path + (one.DirectorySeparator == '\0' ? "" : one.DirectorySeparator.ToString()));

    private static bool IsSelectable(IMailFolder folder) => (folder.Attributes & (FolderAttributes.NoSelect | FolderAttributes.NonExistent)) == 0;

    private static async Task<(MailboxCounters? Counters, Problem? Problem)> CountAsync(ImapSession session, IMailFolder folder)
    {
        var fatal = session.Quirks.Fatal;
        if (fatal.Find(FatalCommands.Status, folder.Path) is { } problem)
        {
            return (null, problem);
        }
        try
        {
            return (await fatal.RunAsync(session, FatalCommands.Status, folder.Path, () => StatusAsync(session, folder)), null);
        }
        catch (Exception e) when (e is ImapCommandException or FolderNotFoundException)
        {
            // One mailbox that is unreadable (RFC 4314), damaged or just deleted must not hide all the others.
            return (null, session.Explain(e).Problem);
        }
    }

    /// <summary>Sends STATUS of a mailbox. Some servers refuse to report the HIGHESTMODSEQ of mailboxes that have none: it is 0 then, and all other counters are reported.</summary>
    private static async Task<MailboxCounters> StatusAsync(ImapSession session, IMailFolder folder)
    {
        try
        {
            await folder.StatusAsync(Counted);
            return Counters(folder);
        }
        catch (ImapCommandException e) when (session.Capabilities.HasFlag(ImapCapabilities.CondStore) && session.Explain(e).Problem.Upstream?.Code is null)
        {
            await folder.StatusAsync(Counted & ~StatusItems.HighestModSeq);
            return Counters(folder) with { HighestModSeq = 0 };
        }
    }

    internal static MailboxCounters Counters(IMailFolder folder) => new(folder.Count, folder.Unread, folder.UidValidity, UidNext(folder), folder.HighestModSeq);

    private static uint UidNext(IMailFolder folder) => folder.UidNext is { IsValid: true } next ? next.Id : 0;

    private static Role? SpecialUse(FolderAttributes attributes) => attributes switch
    {
        _ when attributes.HasFlag(FolderAttributes.Inbox) => Role.Inbox,
        _ when attributes.HasFlag(FolderAttributes.Sent) => Role.Sent,
        _ when attributes.HasFlag(FolderAttributes.Drafts) => Role.Drafts,
        _ when attributes.HasFlag(FolderAttributes.Trash) => Role.Trash,
        _ when attributes.HasFlag(FolderAttributes.Junk) => Role.Junk,
        _ when attributes.HasFlag(FolderAttributes.Archive) => Role.Archive,
        _ when attributes.HasFlag(FolderAttributes.All) => Role.All,
        _ when attributes.HasFlag(FolderAttributes.Flagged) => Role.Flagged,
        _ when attributes.HasFlag(FolderAttributes.Important) => Role.Important,
        _ => null,
    };
}
