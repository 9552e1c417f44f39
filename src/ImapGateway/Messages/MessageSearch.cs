using ImapGateway.Imap;
using MailKit.Search;

namespace ImapGateway.Messages;

/// <summary>The part of a filter that the mail server decides, as a SEARCH (RFC 3501 section 6.4.4).</summary>
public static class MessageSearch
{
    public static async Task<HashSet<uint>> RunAsync(ImapSession session, string path, uint uidValidity, MessageFilter filter)
    {
        var folder = await session.SelectAsync(path, uidValidity: uidValidity);
        // A SEARCH on an open session answers from the view it had.
        await session.Client.NoOpAsync();
        return [.. (await folder.SearchAsync(Query(filter))).Select(uid => uid.Id)];
    }

    private static SearchQuery Query(MessageFilter filter)
    {
        var query = SearchQuery.All;
        void And(SearchQuery? term) => query = term is null ? query : query.And(term);
        And(filter.From is null ? null : SearchQuery.FromContains(filter.From));
        And(filter.To is null ? null : SearchQuery.ToContains(filter.To));
        And(filter.Subject is null ? null : SearchQuery.SubjectContains(filter.Subject));
        And(filter.MessageId is null ? null : SearchQuery.HeaderContains("Message-ID", filter.MessageId));
        // A day more on either side: the server's days are in a time zone of its own.
        And(filter.Since is { } since ? SearchQuery.DeliveredAfter(since.UtcDateTime.Date.AddDays(-1)) : null);
        And(filter.Before is { } before ? SearchQuery.DeliveredBefore(before.UtcDateTime.Date.AddDays(2)) : null);
        return query;
    }
}
