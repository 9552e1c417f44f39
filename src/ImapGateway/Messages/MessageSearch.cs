using System.Text;
using ImapGateway.Imap;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;

namespace ImapGateway.Messages;

/// <summary>The part of a filter that the mail server decides, as a SEARCH (RFC 3501 section 6.4.4).</summary>
/// <param name="Uids">Those the server found; null: it was not asked, or all.</param>
/// <param name="TextIsLeft">The server cannot look for text outside of ASCII: it is still to be looked for in the headers.</param>
public sealed record MessageSearch(HashSet<uint>? Uids, bool TextIsLeft)
{
    /// <summary>Servers need not understand days before their own time began.</summary>
    private static readonly DateTime FirstDay = new(1970, 1, 3, 0, 0, 0, DateTimeKind.Utc);
    private static readonly DateTime LastDay = new(2100, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <param name="flags">The server decides about flags, too.</param>
    public static async Task<MessageSearch> RunAsync(ImapSession session, string path, uint uidValidity, MessageFilter filter, bool flags)
    {
        var folder = await session.SelectAsync(path, uidValidity: uidValidity);
        // A SEARCH on an open session answers from the view it had.
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

    /// <summary>Null where the server refuses.</summary>
    private static async Task<HashSet<uint>?> FindUtf8Async(ImapSession session, ImapFolder folder, SearchQuery? query)
    {
        var before = session.Commands;
        try
        {
            var found = await FindAsync(folder, query);
            // After BADCHARSET MailKit asks again with the text mutilated, and finds nothing.
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
            // Some servers end the connection instead of refusing the command: the next connection does without it.
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
        // A day more on either side: the server's days are in a time zone of its own.
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
