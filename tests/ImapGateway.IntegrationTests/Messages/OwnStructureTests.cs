using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using ImapGateway.IntegrationTests.Servers.Scripted;

namespace ImapGateway.IntegrationTests.Messages;

/// <summary>Where the mail server's BODYSTRUCTURE cannot be used, a message is what it is on a server whose structure is right.</summary>
public sealed class OwnStructureTests
{
    private static readonly string[] Files = [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Messages", "Cases"), "*.eml").Order(StringComparer.Ordinal)];

    public static TheoryData<string> Faults => ["closed twice", "followed by a list", "negative", "without encoding", "with bare quotes", "nil", "empty", "missing", "never closed", "refused"];

    [Theory, MemberData(nameof(Faults))]
    public async Task All_messages_are_the_same(string fault)
    {
        await using var world = await World.WithDovecot();
        await using var right = ScriptedImapServer.Start();
        await using var wrong = ScriptedImapServer.Start(new ScriptedOptions { ItemOrder = fault == "missing" ? static items => items.Where(item => item != "BODYSTRUCTURE") : null });
        foreach (var file in Files)
        {
            var octets = await File.ReadAllBytesAsync(file);
            right.Inbox.Add(uid => new(uid, octets));
            wrong.Inbox.Add(uid => new(uid, octets) { BodyStructure = Broken(fault, octets) });
        }
        if (fault == "refused")
        {
            // Of one message: a server that has no structures at all has none to be asked for.
            wrong.Refuse("BAD Could not parse message", [20], static command => command.ToString().Contains("BODYSTRUCTURE", StringComparison.Ordinal));
        }
        var connections = wrong.Connections;
        var (expected, actual) = (await Answers(await world.AddAccount(right.Port)), await Answers(await world.AddAccount(wrong.Port)));
        foreach (var (file, one, other) in Files.Reverse().Zip(expected, actual))
        {
            Assert.True(one == other, $"{Path.GetFileName(file)}\n{one}\n{other}");
        }
        if (fault != "refused")
        {
            // The session survives, and a structure costs one command.
            Assert.Equal(0, wrong.Commands.Count(command => command.ToString().Contains("BODY.PEEK[HEADER]", StringComparison.Ordinal)));
            Assert.Equal(Files.Length, wrong.Commands.Count(command => command.ToString().EndsWith("(BODY.PEEK[])", StringComparison.Ordinal) || command.ToString().EndsWith(" BODY.PEEK[]", StringComparison.Ordinal)));
            Assert.InRange(wrong.Connections - connections, 1, 3);
        }
    }

    private static readonly byte[] Forwarded = Mail.Octets("""
        Subject: outer
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary=b

        --b
        Content-Type: text/plain

        See below.
        --b
        Content-Type: message/rfc822

        From: Ann <ann@example.com>
        Subject: inner
        Content-Type: multipart/alternative; boundary=c

        --c
        Content-Type: text/plain

        inner text
        --c--
        --b
        Content-Type: message/rfc822
        Content-Disposition: attachment; filename="named.eml"

        Subject: another

        text
        --b--

        """);

    /// <summary>What servers write in the structure of a message in the message.</summary>
    public static TheoryData<string, string> Envelopes => new()
    {
        { "as it is", "\"inner\"" },
        { "a long literal", $"{{{6_000 + 5}}}\r\ninner{new string(' ', 6_000)}" },
        { "a broken list", "\"inner\" ((NIL NIL NIL" },
        { "groups in groups", $"\"inner\" ({string.Concat(Enumerable.Repeat("(NIL NIL \"g\" NIL)", 2_000))})" },
    };

    [Theory, MemberData(nameof(Envelopes))]
    public async Task Messages_in_messages_are_the_same(string what, string subject)
    {
        await using var world = await World.WithDovecot();
        await using var right = ScriptedImapServer.Start();
        await using var wrong = ScriptedImapServer.Start();
        right.Inbox.Add(uid => new(uid, Forwarded));
        wrong.Inbox.Add(uid => new(uid, Forwarded) { BodyStructure = MessageStructure.Body(Forwarded).Replace("\"inner\"", subject, StringComparison.Ordinal) });
        var (expected, actual) = (await Answers(await world.AddAccount(right.Port)), await Answers(await world.AddAccount(wrong.Port)));
        Assert.Contains("inner.eml", expected[0], StringComparison.Ordinal);
        Assert.True(expected.SequenceEqual(actual), $"{what}\n{expected[0]}\n{actual[0]}");
    }

    /// <summary>Of all messages: as listed, with texts, and the octets of each attachment. What no two servers share is left out.</summary>
    private static async Task<List<string>> Answers(ApiAccount account)
    {
        var answers = new List<string>();
        foreach (var listed in await account.Items(account.Messages("inbox", "?limit=500")))
        {
            var read = (await account.Api.Get(account.Message(listed.Id(), "?body=text,html"))).Is(HttpStatusCode.OK);
            var octets = new List<string>();
            foreach (var attachment in listed.GetProperty("attachments").EnumerateArray())
            {
                var part = await account.Api.Get(account.Message(listed.Id(), $"/parts/{attachment.GetProperty("part").GetString()}"));
                octets.Add($"{part.Status} {part.Text}");
            }
            answers.Add($"{Comparable(listed, account.Id)}\n{Comparable(read.Json, account.Id)}\n{string.Join('\n', octets)}".Replace(listed.Id(), "ID", StringComparison.Ordinal).Replace(account.Id, "ACCOUNT", StringComparison.Ordinal));
        }
        return answers;
    }

    private static string Comparable(JsonElement message, string account)
    {
        var json = JsonNode.Parse(message.GetRawText())!.AsObject();
        json.Remove("mailboxId");
        return json.ToJsonString().Replace(account, "", StringComparison.Ordinal);
    }

    private static string? Broken(string fault, byte[] octets)
    {
        var right = MessageStructure.Body(octets);
        return fault switch
        {
            "closed twice" => right + ")",
            "followed by a list" => right + " (\"extra\" NIL)",
            "negative" => "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" -1 -1 NIL NIL NIL NIL)",
            "without encoding" => "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"GB2312\") NIL NIL NIL 0 0 (\"BOUNDARY\" \"x\") NIL NIL) \"MIXED\" NIL NIL NIL)",
            "with bare quotes" => "(\"TEXT\" \"PLAIN\" (\"NAME\" \"he said \"hi\".txt\") NIL NIL \"7BIT\" 9 1 NIL NIL NIL NIL)",
            "nil" => "NIL",
            "empty" => "()",
            "never closed" => right[..^1],
            _ => null,
        };
    }
}
