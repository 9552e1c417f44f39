using System.Globalization;
using System.Text.Json;
using ImapGateway.IntegrationTests.Sync;
using MailKit;
using MimeKit;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>Every filter and random combinations of them against the same mailbox judged message by message.</summary>
public class FilterTests
{
    private static readonly DateTimeOffset Begin = new(2026, 3, 27, 20, 0, 0, TimeSpan.FromHours(5));
    private static readonly (string Name, string Address)[] People =
    [
        ("Anna Berg", "anna@example.org"), ("", "no.name@example.net"), ("Jürgen Müßig", "juergen@example.org"), ("Bart \"Q\" de Vries", "bart@vries.example"), ("山田太郎", "yamada@example.jp"),
    ];
    private static readonly string[] Subjects = ["Invoice 17", "Re: Invoice 17", "Grüße aus Köln", "会議の議事録", "hello", "", "100% \"quoted\" \\ (brackets)"];
    private static readonly string[] Texts = ["anna", "EXAMPLE.org", "Berg", "Jürgen", "müßig", "山田", "vries", "nobody", "example"];
    private static readonly string[] SubjectTexts = ["invoice", "RE:", "Grüße", "KÖLN", "議事", "\"quoted\" \\", "nowhere", "100%"];
    private static readonly (string Api, MessageFlags Flag, string? Keyword)[] FlagNames =
    [
        ("$seen", MessageFlags.Seen, null), ("$answered", MessageFlags.Answered, null), ("$flagged", MessageFlags.Flagged, null), ("$draft", MessageFlags.Draft, null),
        ("$Forwarded", MessageFlags.None, "$Forwarded"), ("Work", MessageFlags.None, "Work"),
    ];

    private sealed record Stored(uint Uid, (string Name, string Address) From, (string Name, string Address) To, string Subject, string MessageId, DateTimeOffset ReceivedAt, HashSet<string> Flags, bool HasAttachment)
    {
        public bool Has(string flag) => Flags.Contains(flag, StringComparer.OrdinalIgnoreCase);
    }

    private sealed record Condition(string Query, Func<Stored, bool> Holds);

    private static async Task<List<Stored>> Fill(World world, Random random, int count)
    {
        using var client = await world.OtherClient();
        var stored = new List<Stored>();
        for (var i = 0; i < count; i++)
        {
            var one = new Stored(
                (uint)i + 1, People[random.Next(People.Length)], People[random.Next(People.Length)], Subjects[random.Next(Subjects.Length)], $"{i / 2}.{random.Next(3)}@id.example",
                Begin.AddSeconds(random.Next(3 * 86_400)), [.. FlagNames.Where(_ => random.Next(3) == 0).Select(flag => flag.Api)], random.Next(4) == 0);
            stored.Add(one);
            await client.Inbox.AppendAsync(Request(one));
        }
        return stored;
    }

    private static AppendRequest Request(Stored one)
    {
        var body = new Multipart("mixed") { new TextPart("plain") { Text = "Text." } };
        if (one.HasAttachment)
        {
            body.Add(new MimePart("application", "pdf") { Content = new MimeContent(new MemoryStream([1])), ContentDisposition = new ContentDisposition("attachment"), FileName = "a.pdf" });
        }
        var message = new MimeMessage { Subject = one.Subject, MessageId = one.MessageId, Body = body };
        message.From.Add(new MailboxAddress(one.From.Name, one.From.Address));
        message.To.Add(new MailboxAddress(one.To.Name, one.To.Address));
        var flags = FlagNames.Where(flag => one.Has(flag.Api)).ToList();
        return new AppendRequest(message, flags.Aggregate(MessageFlags.None, (all, flag) => all | flag.Flag), flags.Select(flag => flag.Keyword).OfType<string>(), one.ReceivedAt);
    }

    private static bool Contains((string Name, string Address) person, string text) => $"{person.Name} <{person.Address}>".Contains(text, StringComparison.OrdinalIgnoreCase);

    private static Condition Flag(bool wanted, string flag) =>
        new($"{(wanted ? "flag" : "notFlag")}={Uri.EscapeDataString(flag)}", one => one.Has(flag) == wanted);

    private static IEnumerable<Condition> Conditions(Random random, List<Stored> stored)
    {
        var (text, other, subject, some) = (Texts[random.Next(Texts.Length)], Texts[random.Next(Texts.Length)], SubjectTexts[random.Next(SubjectTexts.Length)], stored[random.Next(stored.Count)]);
        var (yes, at, zone) = (random.Next(2) == 0, some.ReceivedAt.AddSeconds(random.Next(-1, 2)), TimeSpan.FromMinutes(30 * random.Next(-20, 20)));
        var instant = Uri.EscapeDataString(at.ToOffset(zone).ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture));
        var answer = yes ? "true" : "false";
        return
        [
            new($"unseen={answer}", one => one.Has("$seen") != yes),
            new($"flagged={answer}", one => one.Has("$flagged") == yes),
            Flag(true, FlagNames[random.Next(FlagNames.Length)].Api),
            Flag(false, FlagNames[random.Next(FlagNames.Length)].Api.ToUpperInvariant()),
            Flag(random.Next(2) == 0, FlagNames[random.Next(FlagNames.Length)].Api),
            new($"from={Uri.EscapeDataString(text)}", one => Contains(one.From, text)),
            new($"to={Uri.EscapeDataString(other)}", one => Contains(one.To, other)),
            new($"subject={Uri.EscapeDataString(subject)}", one => one.Subject.Contains(subject, StringComparison.OrdinalIgnoreCase)),
            new($"messageId={Uri.EscapeDataString(yes ? $"<{some.MessageId}>" : some.MessageId)}", one => one.MessageId == some.MessageId),
            new($"since={instant}", one => one.ReceivedAt >= at),
            new($"before={instant}", one => one.ReceivedAt < at),
            new($"hasAttachments={answer}", one => one.HasAttachment == yes),
        ];
    }

    [Theory]
    [InlineData(Tier.A, 1)]
    [InlineData(Tier.B, 2)]
    [InlineData(Tier.C, 3)]
    public async Task Filters_find_what_a_look_at_every_message_finds(Tier tier, int seed)
    {
        await using var world = await TierServers.World(tier);
        var account = await world.AddAccount();
        var random = new Random(seed);
        var stored = await Fill(world, random, 120);
        var found = 0;
        foreach (var one in Conditions(random, stored).Concat(Conditions(random, stored)))
        {
            found += await Check(account, stored, [one], 500);
        }
        for (var round = 0; round < 100; round++)
        {
            var conditions = Conditions(random, stored).Where(_ => random.Next(5) == 0).ToList();
            found += await Check(account, stored, conditions, random.Next(1, 60));
        }
        Assert.True(found > 500, "Hardly anything was ever found.");
    }

    private static async Task<int> Check(ApiAccount account, List<Stored> stored, IReadOnlyList<Condition> conditions, int limit)
    {
        // Of a filter given twice the API knows one, flags apart.
        var distinct = conditions.DistinctBy(condition => condition.Query.Split('=')[0] is "flag" or "notFlag" ? condition.Query : condition.Query.Split('=')[0]).ToList();
        var query = "?" + string.Join('&', distinct.Select(condition => condition.Query).Append($"limit={limit}"));
        var expected = stored.Where(one => distinct.TrueForAll(condition => condition.Holds(one))).Select(one => one.Uid).OrderDescending().ToList();
        var items = await account.Pages(query);
        var actual = items.Select(message => message.Uid()).ToList();
        Assert.True(expected.SequenceEqual(actual), $"{query}\nexpected {string.Join(' ', expected)}\nfound    {string.Join(' ', actual)}");
        Assert.All(items, message => Same(stored[(int)message.Uid() - 1], message));
        return expected.Count;
    }

    private static void Same(Stored one, JsonElement message)
    {
        Assert.Equal((one.Subject, one.MessageId, one.ReceivedAt), (message.Subject() ?? "", message.GetProperty("messageId").GetString(), message.GetProperty("receivedAt").GetDateTimeOffset()));
        Assert.Equal(one.Flags.Order(StringComparer.OrdinalIgnoreCase), message.Flags().Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(one.HasAttachment, message.GetProperty("hasAttachments").GetBoolean());
        Assert.Equal(one.From.Address, message.GetProperty("from")[0].GetProperty("address").GetString());
    }
}
