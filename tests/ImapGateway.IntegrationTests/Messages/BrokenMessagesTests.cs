using System.Text;
using System.Text.Json;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>What people's mail programs have sent: each shows as far as it can be understood, and none takes its page along.</summary>
public class BrokenMessagesTests
{
    private static byte[] Raw(string text, Encoding? encoding = null) => (encoding ?? Encoding.UTF8).GetBytes(text.ReplaceLineEndings("\r\n"));

    private static readonly (byte[] Message, Action<JsonElement> Check)[] Messages =
    [
        (Raw("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= =?iso-8859-1?b?5PY=?=\nFrom: =?utf-8?b?5bGx55Sw?= <y@example.jp>\n\nx"), m => Is(m, "Grüßeäö", from: "山田 <y@example.jp>")),
        (Raw("Subject: Grüße raw\nFrom: Jürgen <j@example.org>\n\nx"), m => Is(m, "Grüße raw", from: "Jürgen <j@example.org>")),
        (Raw("Subject: Grüße latin\nFrom: Jürgen <j@example.org>\nContent-Type: text/plain; charset=iso-8859-1\n\nx", Encoding.Latin1), m => Is(m, "Grüße latin", from: "Jürgen <j@example.org>")),
        (Raw("Subject: =?utf-8?q?broken=C3?= =?nonsense?x?y?= =?utf-8?b?!!!\n\nx"), m => Assert.StartsWith("broken", m.Subject(), StringComparison.Ordinal)),
        (Raw("Subject: group\nTo: Team: a@example.org, B <b@example.org>;, undisclosed-recipients:;\nFrom: c@example.org\n\nx"), m => Assert.Equal("a@example.org b@example.org", Addresses(m, "to"))),
        (Raw("Subject: no date\n\nx"), m => Assert.Equal(JsonValueKind.Null, m.GetProperty("date").ValueKind)),
        (Raw("Subject: broken date\nDate: the day before yesterday, 25:61\n\nx"), m => Assert.Equal(JsonValueKind.Null, m.GetProperty("date").ValueKind)),
        (Raw("Subject: impossible date\nDate: Mon, 31 Feb 99999 10:00:00 +9900\n\nx"), m => Is(m, "impossible date")),
        (Raw("Date: Fri, 02 Jan 2026 03:04:05 +0530\n\nx"), m => Assert.Equal("2026-01-01T21:34:05Z", m.GetProperty("date").GetString())),
        (Raw("no header at all, and no colon either"), m => Assert.Null(m.Subject())),
        (Raw("\n\n"), m => Assert.Null(m.Subject())),
        (Raw("Subject: " + new string('s', 20_000) + "\n\nx"), m => Assert.StartsWith("ssss", m.Subject(), StringComparison.Ordinal)),
        (Raw("Subject: lists\nFrom: <<>>, @, \"open\nTo: a b c d <e@f@g>;;;\nMessage-ID: <<broken>\nReferences: a <b@c> <d\n\nx"), m => Is(m, "lists")),
        (Raw("Subject: many\nTo: " + string.Join(",\n ", Enumerable.Range(0, 5_000).Select(i => $"Nr {i} <r{i}@example.org>")) + "\n\nx"),
            m => Assert.Equal((5_000, "r4999@example.org"), (m.GetProperty("to").GetArrayLength(), m.GetProperty("to")[4_999].GetProperty("address").GetString()))),
        (Raw("Subject: deep\nMIME-Version: 1.0\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n")) + "Content-Type: text/plain\n\ndeep"), m => Is(m, "deep")),
        (Raw("Subject: nested\nMIME-Version: 1.0\n" + string.Concat(Enumerable.Repeat("Content-Type: message/rfc822\n\nSubject: nested\n", 200)) + "\nx"), m => Is(m, "nested")),
        (Raw("Subject: bare\nMIME-Version: 1.0\nContent-Type: multipart/mixed\n\n--nothing\n"), m => Is(m, "bare")),
        (Raw("Subject: types\nContent-Type: ; ;=;\nContent-Disposition: attachment; filename*=utf-8''%FF%; filename=\n\nx"), m => Is(m, "types")),
        (Raw("Subject: a\nSubject: b\nFrom: a@example.org\nFrom: b@example.org\n\nx"), m => Assert.Contains(m.Subject(), new[] { "a", "b" })),
    ];

    private static void Is(JsonElement message, string subject, string? from = null)
    {
        Assert.Equal(subject, message.Subject());
        if (from is not null)
        {
            var sender = Assert.Single(message.GetProperty("from").EnumerateArray());
            Assert.Equal(from, $"{sender.GetProperty("name").GetString()} <{sender.GetProperty("address").GetString()}>");
        }
    }

    private static string Addresses(JsonElement message, string field) =>
        string.Join(' ', message.GetProperty(field).EnumerateArray().Select(address => address.GetProperty("address").GetString()));

    [Fact]
    public async Task A_page_shows_all_and_each_by_itself_is_the_same()
    {
        await using var world = await World.WithDovecot();
        var account = await world.AddAccount();
        foreach (var (message, _) in Messages)
        {
            await world.Dovecot.Append(world.User, message);
        }
        var page = await account.Pages("?limit=100");
        Assert.Equal(Messages.Length, page.Count);
        foreach (var (shown, check) in page.Reverse().Zip(Messages.Select(message => message.Check)))
        {
            check(shown);
            var read = await account.Api.Get(account.Message(shown.Id()));
            Assert.Equal(shown.GetRawText(), JsonElement.Parse(read.Text).GetRawText());
        }
        foreach (var query in new[] { "?hasAttachments=true", "?hasAttachments=false", "?since=2020-01-01T00:00:00Z", "?subject=x", "?from=example&to=example" })
        {
            await account.Pages(query);
        }
    }
}
