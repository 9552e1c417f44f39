using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>
/// Messages that real programs send and that mail servers read differently (Messages/Cases): a message is told by its own bytes, so that every server gives the same answer.
/// </summary>
public abstract class MailCasesTests(MailCases cases)
{
    [Theory]
    [InlineData("subject-raw-koi8", "Привет из Казани")]
    [InlineData("subject-windows-1252-as-latin-1", "“Hallo” – 5 €")]
    [InlineData("word-without-padding", "Grüße")]
    [InlineData("word-ascii-with-latin-1", "Wölbung")]
    [InlineData("word-ascii-with-utf-8", "Wölbung")]
    [InlineData("words-within-a-character", "Grüße")]
    public void Subjects(string name, string subject) => Assert.Equal(subject, cases[name].Listed.Subject());

    [Theory]
    [InlineData("name-with-at", "to", "Support @ Firma|support@example.com")]
    [InlineData("list-with-semicolons", "to", "|a@example.com", "B Name|b@example.com", "|c@example.com")]
    [InlineData("list-with-blanks", "to", "|a@example.com", "|b@example.com")]
    [InlineData("address-without-brackets", "from", "Ann Example|ann@example.com")]
    [InlineData("bracket-never-closed", "from", "Ann Example|ann@example.com")]
    [InlineData("brackets-doubled", "from", "Ann Example|ann@example.com")]
    [InlineData("address-in-encoded-word", "from", "Ann Example|ann@example.com")]
    [InlineData("name-with-comment", "from", "Dr. A. Example (Sales) [EU]|ann@example.com")]
    [InlineData("name-tagged-before", "from", "[EXTERNAL] Ann Example|ann@example.com")]
    [InlineData("name-tagged-behind", "from", "Ann Example [Sales]|ann@example.com")]
    [InlineData("name-with-semicolon", "from", "Ann; Sales|ann@example.com")]
    [InlineData("name-with-comma", "from", "Example, Ann|ann@example.com")]
    [InlineData("name-with-address", "from", "ann@example.com via Forum|forum@example.com")]
    [InlineData("domain-with-two-dots", "from", "Ann Example|ann@example..com")]
    [InlineData("local-part-with-dot", "from", "Ann Example|ann.@example.com")]
    [InlineData("name-and-address-bare", "from", "Ann Example|ann@example.com")]
    [InlineData("name-with-comma-and-ampersand", "from", "Ann, Bob & Co.|ann@example.com")]
    [InlineData("name-with-comma-and-word", "from", "Müller, Ann|ann@example.com")]
    [InlineData("name-tagged-zed", "from", "[EXTERNAL] Zed|zed@example.com")]
    public void Addresses(string name, string field, params string[] expected) =>
        Assert.Equal(expected, cases[name].Listed.GetProperty(field).EnumerateArray().Select(entry => $"{entry.GetProperty("name").GetString()}|{entry.GetProperty("address").GetString()}"));

    [Theory]
    [InlineData("date-iso", "2015-09-16T15:13:51Z")]
    [InlineData("date-zone-with-colon", "2024-01-05T09:00:00Z")]
    [InlineData("date-cest", "2024-01-05T08:00:00Z")]
    public void Dates(string name, string date) => Assert.Equal(DateTimeOffset.Parse(date, null), cases[name].Listed.GetProperty("date").GetDateTimeOffset(), TimeSpan.FromSeconds(1));

    [Theory]
    [InlineData("text-iso-8859-16", "Mulțumesc și ție")]
    [InlineData("text-utf-7", "Grüße €")]
    [InlineData("text-big5-hkscs", "香港嘅")]
    [InlineData("text-cp1125", "Привіт")]
    [InlineData("html-disposition-by-encoded-word", "Grüße")]
    [InlineData("multipart-without-boundary", "This is all there is to read.")]
    [InlineData("quoted-printable-with-blanks", "Grüße an alle=ZZ")]
    [InlineData("html-meta-gb18030", "您好，请查收")]
    [InlineData("html-meta-euc-kr", "안녕하세요")]
    [InlineData("html-meta-windows-1256", "مرحبا بكم")]
    public void Texts(string name, string text)
    {
        var body = cases[name].Read.GetProperty("body");
        Assert.Equal(text, body.GetProperty("text").GetString()!.Trim());
        if (name.StartsWith("html", StringComparison.Ordinal))
        {
            Assert.Contains(text, body.GetProperty("html").GetString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("filename-unquoted", "My report 2024.pdf")]
    [InlineData("filename-quotes-within", "He said \"hi\".pdf")]
    [InlineData("filename-without-semicolon", "x.pdf")]
    [InlineData("filename-of-a-path", "figures.pdf")]
    [InlineData("filename-ascii-with-latin-1", "Forum Platte ohne Wölbung.jpg")]
    [InlineData("filename-without-type", "test.bin")]
    public void Filenames(string name, string filename)
    {
        Assert.SkipWhen(cases.Unlike(name) is not null, cases.Unlike(name) ?? "");
        Assert.Equal([filename], cases[name].Listed.GetProperty("attachments").EnumerateArray().Select(one => one.GetProperty("filename").GetString()));
        Assert.Equal([filename], cases[name].Read.GetProperty("attachments").EnumerateArray().Select(one => one.GetProperty("filename").GetString()));
    }

    [Theory]
    [InlineData("parts-html-in-pieces", "image001.jpg", "OFFER FOR ANN.docx")]
    [InlineData("html-disposition-by-encoded-word")]
    [InlineData("multipart-without-boundary")]
    [InlineData("picture-by-encoded-word", "(p.png)")]
    [InlineData("picture-by-location", "(logo.png)")]
    [InlineData("picture-without-cid", "p.png")]
    [InlineData("picture-in-other-case", "(p.png)")]
    [InlineData("pictures-of-a-phone", "IMG_1.jpeg", "IMG_2.jpeg", "IMG_3.jpeg")]
    [InlineData("invitation-as-alternative", "invite.ics")]
    [InlineData("encoding-with-semicolon", "a.pdf")]
    [InlineData("encoding-in-quotes", "a.pdf")]
    [InlineData("filename-with-slash", "Invoice 1_2.pdf")]
    [InlineData("html-with-file", "a.pdf")]
    [InlineData("html-with-picture", "(p.png)")]
    [InlineData("html-with-picture-and-file", "(p.png)", "a.pdf")]
    public void Attachments(string name, params string[] files)
    {
        Assert.SkipWhen(cases.Unlike(name) is not null, cases.Unlike(name) ?? "");
        foreach (var message in new[] { cases[name].Listed, cases[name].Read })
        {
            // What is shown in the HTML stands in parentheses.
            Assert.Equal(files, message.GetProperty("attachments").EnumerateArray().Select(one => one.GetProperty("inline").GetBoolean() ? $"({one.GetProperty("filename").GetString()})" : one.GetProperty("filename").GetString()));
            Assert.Equal(files.Any(file => !file.StartsWith('(')), message.GetProperty("hasAttachments").GetBoolean());
        }
        if (files.FirstOrDefault(file => file.StartsWith('(')) is not null)
        {
            Assert.Contains("/parts/", cases[name].Read.GetProperty("body").GetProperty("html").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_structures_of_the_server_are_used() => Assert.Empty(cases.ReadForStructure);

    [Theory]
    [InlineData("filename-ascii-with-latin-1")]
    [InlineData("encoding-with-semicolon")]
    [InlineData("encoding-in-quotes")]
    public void Files_are_decoded(string name)
    {
        Assert.Equal(777, cases.FileOf(name).Length);
        Assert.StartsWith("42968C4869362DB4", Convert.ToHexString(SHA256.HashData(cases.FileOf(name))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text-encoding-in-quotes")]
    [InlineData("text-encoding-with-semicolon")]
    [InlineData("text-encoding-with-comment")]
    [InlineData("text-encoding-in-odd-case")]
    [InlineData("text-encoding-in-alternative")]
    public void Texts_are_decoded(string name)
    {
        const string Words = "Grüße aus Köln, wie geht es Dir? Hier steht genug Text für zwei Zeilen in base64.";
        var read = cases[name].Read;
        Assert.Equal(Words, read.GetProperty("body").GetProperty("text").GetString()!.Trim());
        Assert.Equal([Words, Words], new[] { cases[name].Listed, read }.Select(message => message.GetProperty("preview").GetString()));
        if (name == "text-encoding-in-alternative")
        {
            Assert.Contains(Words, read.GetProperty("body").GetProperty("html").GetString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("parts-html-in-pieces", "plain all")]
    [InlineData("html-with-file", "plain words", "html words")]
    [InlineData("html-with-picture", "plain words", "html words")]
    [InlineData("html-with-picture-and-file", "plain words", "html words")]
    public void A_text_is_shown_once(string name, string text, string? html = null)
    {
        var body = cases[name].Read.GetProperty("body");
        Assert.Equal(text, body.GetProperty("text").GetString()!.Trim());
        if (html is not null)
        {
            Assert.Equal(2, body.GetProperty("html").GetString()!.Split(html).Length);
            Assert.DoesNotContain(text, body.GetProperty("html").GetString(), StringComparison.Ordinal);
        }
    }
}

public sealed class MailCasesOnDovecotTests(MailCasesOnDovecot cases) : MailCasesTests(cases), IClassFixture<MailCasesOnDovecot>
{
    [Fact]
    public async Task No_server_is_asked_what_it_makes_of_a_message()
    {
        await using var world = await World.WithDovecot();
        await using var tap = TapProxy.Start(world.Dovecot.Port);
        var account = await world.AddAccount(tap.Port);
        await world.Deliver("one");
        await account.Newest();
        var fetch = Assert.Single(tap.Lines.Entries, line => line.FromClient && line.Text.Contains("BODYSTRUCTURE", StringComparison.Ordinal)).Text;
        Assert.DoesNotContain("ENVELOPE", fetch, StringComparison.Ordinal);
        Assert.Contains(
            "BODY.PEEK[HEADER.FIELDS (DATE SUBJECT FROM SENDER REPLY-TO TO CC BCC MESSAGE-ID IN-REPLY-TO REFERENCES LIST-ID LIST-UNSUBSCRIBE LIST-UNSUBSCRIBE-POST AUTO-SUBMITTED AUTHENTICATION-RESULTS)]",
            fetch,
            StringComparison.OrdinalIgnoreCase);
    }
}

public sealed class MailCasesOnCourierTests(MailCasesOnCourier cases) : MailCasesTests(cases), IClassFixture<MailCasesOnCourier>;

public sealed class MailCasesOnCyrusTests(MailCasesOnCyrus cases) : MailCasesTests(cases), IClassFixture<MailCasesOnCyrus>;

public sealed class MailCasesOnDovecot() : MailCases(MailServerKind.Dovecot);

public sealed class MailCasesOnCourier() : MailCases(MailServerKind.Courier);

public sealed class MailCasesOnCyrus() : MailCases(
    MailServerKind.Cyrus,
    ("filename-without-type", "Cyrus takes a part with an empty type for text/plain without parameters or disposition in BODYSTRUCTURE."));

/// <summary>All cases in the inbox of one account, listed as one page and read one by one.</summary>
/// <param name="kind">The server that keeps them.</param>
/// <param name="unlike">Cases in which its BODYSTRUCTURE lacks what other servers tell.</param>
public abstract class MailCases(MailServerKind kind, params (string Name, string Reason)[] unlike) : IAsyncLifetime
{
    private readonly Dictionary<string, (JsonElement Listed, JsonElement Read)> _messages = [];
    private readonly Dictionary<string, byte[]> _files = [];

    public (JsonElement Listed, JsonElement Read) this[string name] => _messages[name];

    /// <summary>Commands that read whole messages, because the structure in the answer of the server could not be used.</summary>
    public IReadOnlyList<string> ReadForStructure { get; private set; } = [];

    /// <summary>The first file of the message.</summary>
    public byte[] FileOf(string name) => _files[name];

    /// <summary>Why the server cannot give the right answer; null where it can.</summary>
    public string? Unlike(string name) => unlike.FirstOrDefault(one => one.Name == name).Reason;

    public async ValueTask InitializeAsync()
    {
        await using var world = await World.With(await SharedServers.Mail(kind));
        await using var tap = TapProxy.Start(world.Server.Port);
        var account = await world.AddAccount(tap.Port);
        var files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Messages", "Cases"), "*.eml").Order(StringComparer.Ordinal).ToList();
        foreach (var file in files)
        {
            await world.Server.Append(world.User, await File.ReadAllBytesAsync(file));
        }
        var listed = (await account.Items(account.Messages("inbox", "?limit=500"))).Reverse().ToList();
        foreach (var (file, message) in files.Zip(listed))
        {
            var name = Path.GetFileNameWithoutExtension(file);
            _messages[name] = (message, (await account.Api.Get(account.Message(message.Id(), "?body=text,html&structure=true"))).Is(HttpStatusCode.OK).Json);
            if (message.GetProperty("attachments").EnumerateArray().FirstOrDefault(one => !one.GetProperty("inline").GetBoolean()) is { ValueKind: JsonValueKind.Object } attachment)
            {
                _files[name] = (await world.Gateway.Http.Download(account.Message(message.Id(), $"/parts/{attachment.GetProperty("part").GetString()}"))).Is(HttpStatusCode.OK).Octets;
            }
        }
        ReadForStructure = [.. tap.Lines.Entries.Where(line => line.FromClient && line.Text.Contains("BODY.PEEK[]", StringComparison.Ordinal)).Select(line => line.Text)];
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
