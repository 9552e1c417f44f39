using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.GraphQL.Fields;
using ImapGateway.Mail;
using ImapGateway.Messages.Bodies;

namespace ImapGateway.Messages;

/// <summary>The parts of a message that a field needs beyond headers and structure.</summary>
/// <param name="Headers">The names of header fields. Default: none; empty: all.</param>
public sealed record DetailsWanted(string Id, bool Text, bool Html, HtmlForm Form, int MaxBytes, ImmutableArray<string> Headers)
{
    /// <summary>True for the tree of its parts.</summary>
    public bool Structure { get; init; }

    public bool Equals(DetailsWanted? other) =>
        other is not null && (Id, Text, Html, Form, MaxBytes, Structure, Headers.IsDefault) == (other.Id, other.Text, other.Html, other.Form, other.MaxBytes, other.Structure, other.Headers.IsDefault)
        && (Headers.IsDefault || Headers.SequenceEqual(other.Headers));

    public override int GetHashCode() => HashCode.Combine(Id, Text, Html, Form, MaxBytes);
}

/// <summary>Loads bodies and header fields of messages. The requests for one account at the same time are one call, which needs one FETCH per mailbox.</summary>
public static class MessageDetails
{
    /// <exception cref="ProblemException">The message is gone, or does not fit into the response.</exception>
    public static async Task<Message> LoadAsync(FieldCall call, string account, DetailsWanted wanted)
    {
        var (message, problem) = await call.LoadAsync<DetailsWanted, (Message? Message, Problem? Problem)>((nameof(MessageDetails), account), wanted, all => ReadAsync(call, account, all));
        return message ?? throw new ProblemException(problem ?? Problem.MessageGone);
    }

    private static async Task<IReadOnlyDictionary<DetailsWanted, (Message?, Problem?)>> ReadAsync(FieldCall call, string account, IReadOnlyList<DetailsWanted> all)
    {
        var found = new Dictionary<DetailsWanted, (Message?, Problem?)>();
        var calls = Alike(all).SelectMany(alike => alike.Chunk(GetMessages.MostIds).Select(some => (Wanted: some.SelectMany(one => one), Command: CommandFor(some)))).ToList();
        var sets = await Task.WhenAll(calls.Select(one => call.ReadAsync(account, one.Command with { When = call.Context.When with { Freshness = Freshness.AsRead } })));
        foreach (var ((wanted, _), set) in calls.Zip(sets, (one, set) => (one, set.Demand())))
        {
            var items = set.Items.ToDictionary(item => item.Id);
            var missing = set.Missing.ToDictionary(one => one.Id, one => one.Problem);
            foreach (var one in wanted)
            {
                found[one] = (items.GetValueOrDefault(one.Id), missing.GetValueOrDefault(one.Id));
            }
        }
        return found;
    }

    /// <summary>Groups what one command can read, by message: bodies cut at the same length, and HTML in the same form.</summary>
    private static IEnumerable<IEnumerable<IGrouping<string, DetailsWanted>>> Alike(IReadOnlyList<DetailsWanted> all)
    {
        var bodies = all.Where(one => one.Text || one.Html).ToList();
        var first = bodies.FirstOrDefault();
        return all.GroupBy(one => one.Html ? (one.Form, one.MaxBytes)
                : one.Text ? (bodies.FirstOrDefault(other => other.Html && other.MaxBytes == one.MaxBytes)?.Form ?? HtmlForm.Safe, one.MaxBytes)
                : (first?.Form ?? HtmlForm.Safe, first?.MaxBytes ?? one.MaxBytes))
            .Select(alike => alike.GroupBy(one => one.Id));
    }

    private static GetMessages CommandFor(IReadOnlyCollection<IGrouping<string, DetailsWanted>> messages)
    {
        var all = messages.SelectMany(message => message).ToList();
        var headers = all.Where(one => !one.Headers.IsDefault).Select(one => one.Headers).ToList();
        ImmutableArray<string> names = headers.Count == 0 ? default : headers.Exists(one => one.IsEmpty) ? [] : [.. headers.SelectMany(one => one).Distinct(StringComparer.OrdinalIgnoreCase)];
        return new GetMessages(
            [.. messages.Select(message => message.Key)],
            new ReadOptions(all.Exists(one => one.Text), all.Exists(one => one.Html), all.FirstOrDefault(one => one.Html)?.Form ?? HtmlForm.Safe, all.Where(one => one.Text || one.Html).Select(one => one.MaxBytes).FirstOrDefault(ReadOptions.DefaultBodyBytes), names)
            {
                Structure = all.Exists(one => one.Structure),
            });
    }
}
