using System.Text;
using ImapGateway.Imap;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;

namespace ImapGateway.Messages;

/// <summary>The result of the conditions that the mail server decides by SEARCH (RFC 3501 section 6.4.4).</summary>
/// <param name="Uids">The uids that the server has found; null: it was not asked, or all match.</param>
/// <param name="TextIsLeft">True if the server cannot search for text outside of ASCII, which must still be searched for in the headers.</param>
public sealed record MessageSearch(HashSet<uint>? Uids, bool TextIsLeft)
{
    /// <summary>The first day for SEARCH. Servers need not understand dates before their epoch.</summary>
    private static readonly DateTime FirstDay = new(1970, 1, 3, 0, 0, 0, DateTimeKind.Utc);
    private static readonly DateTime LastDay = new(2100, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <param name="flags">True if the server decides about flags, too.</param>
    public static async Task<MessageSearch> RunAsync(ImapSession session, string path, uint uidValidity, MessageFilter filter, bool flags)
    {
        var folder = await session.SelectAsync(path, uidValidity: uidValidity);
        // On an open session SEARCH answers by the state that the session last saw, so NOOP comes first.
        await session.Client.NoOpAsync();
        if (filter.Texts.All(text => Ascii.IsValid(text.Text)))
        {
            return new MessageSearch(await FindAsync(folder, Query(filter, flags, _ => true)), TextIsLeft: false);
        }
        if (!session.Quirks.Has(Quirks.SearchUtf8) && await FindUtf8Async(session, folder, Query(filter, flags, _ => true)) is { } found)
        {
            return new MessageSearch(found, TextIsLeft: false);
        }
        return new MessageSearch(await FindAsync(folder, Query(filter, flags, text => Ascii.IsValid(text))), TextIsLeft: true);
    }

    /// <summary>Searches in UTF-8; null if the server refuses.</summary>
    private static async Task<HashSet<uint>?> FindUtf8Async(ImapSession session, ImapFolder folder, SearchQuery? query)
    {
        var before = session.Commands;
        try
        {
            var found = await FindAsync(folder, query);
            // After BADCHARSET MailKit repeats the search with the text damaged, and finds nothing.
            if (session.Commands == before + 1)
            {
                return found;
            }
            session.Quirks.Learn(Quirks.SearchUtf8, "The mail server has refused it: BADCHARSET");
            return null;
        }
        catch (ImapCommandException e)
        {
            if (session.Explain(e).Problem is var refusal && Quirks.IsOfCommand(refusal))
            {
                session.Quirks.Learn(Quirks.SearchUtf8, Quirks.DetailOf(refusal));
            }
            return null;
        }
        catch (Exception e) when (session.Explain(e).Code == ErrorCode.AccountUnavailable && !session.TimedOut)
        {
            // Some servers close the connection instead of refusing the command: the next connection does not use it.
            session.Quirks.Learn(Quirks.SearchUtf8, "The mail server has closed the connection.");
            throw;
        }
    }

    private static async Task<HashSet<uint>?> FindAsync(ImapFolder folder, SearchQuery? query)
    {
        if (query is null)
        {
            return null;
        }
        var uids = await folder.SearchAsync(query);
        return [.. uids.Select(uid => uid.Id)];
    }

    private static SearchQuery? Query(MessageFilter filter, bool flags, Func<string, bool> searchable)
    {
        SearchQuery? query = null;
        void And(SearchQuery term) => query = query is null ? term : query.And(term);
        foreach (var (name, text) in filter.Texts.Where(text => searchable(text.Text)))
        {
            And(name switch
            {
                "from" => SearchQuery.FromContains(text),
                "to" => SearchQuery.ToContains(text),
                "subject" => SearchQuery.SubjectContains(text),
                _ => SearchQuery.HeaderContains("Message-ID", text),
            });
        }
        // One more day on either side: the server's days are in a time zone of its own.
        if (filter.Since?.UtcDateTime is { } since && since > FirstDay && since < LastDay)
        {
            And(SearchQuery.DeliveredAfter(since.Date.AddDays(-1)));
        }
        if (filter.Before?.UtcDateTime is { } before && before > FirstDay && before < LastDay)
        {
            And(SearchQuery.DeliveredBefore(before.Date.AddDays(2)));
        }
        if (flags)
        {
            AndFlags(filter, And);
        }
        return query;
    }

    private static void AndFlags(MessageFilter filter, Action<SearchQuery> and)
    {
        if (filter.Unseen is { } unseen)
        {
            and(unseen ? SearchQuery.NotSeen : SearchQuery.Seen);
        }
        if (filter.Flagged is { } flagged)
        {
            and(flagged ? SearchQuery.Flagged : SearchQuery.NotFlagged);
        }
        foreach (var (names, wanted) in new[] { (filter.Flag, true), (filter.NotFlag, false) })
        {
            foreach (var name in names ?? [])
            {
                var flag = FlagMapping.SystemFlag(name);
                var has = flag == MessageFlags.None ? SearchQuery.HasKeyword(name) : SearchQuery.HasFlags(flag);
                and(wanted ? has : SearchQuery.Not(has));
            }
        }
    }
}
