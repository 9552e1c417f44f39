using System.Globalization;
using System.Text.Json;

namespace ImapGateway.IntegrationTests.Changes;

/// <summary>
/// What a follower makes of a feed, change by change. A change that does not fit what came before is a fault: a message added twice, removed or moved from where it is not, a sequence
/// left out.
/// </summary>
public sealed class FeedReplay
{
    private readonly Dictionary<string, Seen> _messages = [];
    private readonly Dictionary<string, string> _paths = [];

    private sealed record Seen(string MessageId, string Mailbox, IReadOnlyList<string> Flags);

    public List<string> Faults { get; } = [];

    /// <summary>How often each Message-ID was added.</summary>
    public Dictionary<string, int> Added { get; } = [];

    /// <summary>What was told of each Message-ID, for whoever has to find out why.</summary>
    public Dictionary<string, List<string>> Told { get; } = [];

    public int Moves { get; private set; }

    public long Sequence { get; private set; }

    /// <summary>Ids of the changes, in order.</summary>
    public List<string> Ids { get; } = [];

    /// <summary>As <see cref="Churn.Truth"/> has it.</summary>
    public IReadOnlyList<string> State =>
        [.. _messages.Values.Select(message => Churn.Line(_paths.GetValueOrDefault(message.Mailbox, message.Mailbox), message.MessageId, message.Flags)).Order(StringComparer.Ordinal)];

    /// <summary>The paths of mailboxes, for those that the feed never named.</summary>
    public void Name(string mailbox, string path) => _paths[mailbox] = path;

    public void Apply(JsonElement change)
    {
        var (type, data) = (change.GetProperty("type").GetString()!, change.GetProperty("data"));
        var sequence = long.Parse(change.GetProperty("sequence").GetString()!, CultureInfo.InvariantCulture);
        Demand(sequence == Sequence + 1, change, $"follows {Sequence}");
        Sequence = sequence;
        Ids.Add(change.GetProperty("id").GetString()!);
        if (type.StartsWith("message.", StringComparison.Ordinal))
        {
            ApplyMessage(type, data, change);
        }
        else if (type is "mailbox.added" or "mailbox.renamed")
        {
            _paths[data.GetProperty("id").GetString()!] = Churn.NameOf(data.GetProperty("path").GetString()!);
        }
    }

    private void ApplyMessage(string type, JsonElement data, JsonElement change)
    {
        var (id, mailbox) = (data.GetProperty("id").GetString()!, data.GetProperty("mailboxId").GetString()!);
        var known = _messages.GetValueOrDefault(id);
        Note(known?.MessageId ?? MessageIdOf(data) ?? id, change);
        switch (type)
        {
            case "message.added":
                Demand(known is null, change, "is there already");
                Demand(MessageIdOf(data) is not null, change, "has no Message-ID, and each that was delivered has one");
                var messageId = MessageIdOf(data) ?? id;
                Added[messageId] = Added.GetValueOrDefault(messageId) + 1;
                _messages[id] = new Seen(messageId, mailbox, Names(data.GetProperty("message").GetProperty("flags")));
                break;
            case "message.flags_changed":
                Demand(known?.Mailbox == mailbox, change, $"is in {known?.Mailbox}");
                var (added, removed, flags) = (Names(data.GetProperty("added")), Names(data.GetProperty("removed")), Names(data.GetProperty("flags")));
                var expected = (known?.Flags ?? []).Union(added).Except(removed).Order(StringComparer.Ordinal);
                Demand(expected.SequenceEqual(flags.Order(StringComparer.Ordinal)) && added.Count + removed.Count > 0, change, $"had {string.Join(',', known?.Flags ?? [])}");
                _messages[id] = known! with { Flags = flags };
                break;
            case "message.moved":
                Demand(known?.Mailbox == data.GetProperty("fromMailboxId").GetString(), change, $"is in {known?.Mailbox}");
                Moves++;
                _messages[id] = known! with { Mailbox = mailbox };
                break;
            case "message.removed":
                Demand(known?.Mailbox == mailbox, change, $"is in {known?.Mailbox}");
                _messages.Remove(id);
                break;
            default:
                Demand(false, change, "is unknown");
                break;
        }
    }

    private static string? MessageIdOf(JsonElement data) => data.TryGetProperty("message", out var message) ? message.GetProperty("messageId").GetString() : null;

    private void Note(string messageId, JsonElement change)
    {
        if (!Told.TryGetValue(messageId, out var told))
        {
            Told[messageId] = told = [];
        }
        var data = change.GetProperty("data");
        told.Add($"{change.GetProperty("sequence")} {change.GetProperty("timestamp")} {change.GetProperty("type")} {data.GetProperty("id")} {data.GetProperty("mailboxId")}");
    }

    private void Demand(bool holds, JsonElement change, string fault)
    {
        if (!holds)
        {
            Faults.Add($"{change.GetRawText()}: {fault}");
        }
    }

    private static List<string> Names(JsonElement names) => [.. names.EnumerateArray().Select(name => name.GetString()!)];
}
