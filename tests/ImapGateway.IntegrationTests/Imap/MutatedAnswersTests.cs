using System.Globalization;
using System.IO.Pipelines;
using ImapGateway.Egress;
using ImapGateway.Imap;
using ImapGateway.IntegrationTests.Servers;
using ImapGateway.IntegrationTests.Servers.Scripted;
using MailKit;
using Microsoft.Extensions.Options;

namespace ImapGateway.IntegrationTests.Imap;

/// <summary>
/// Mutated answers through <see cref="ServerStream"/>, MailKit and the mapping to records. It happens in a process of its own, because what is looked for ends the process.
/// To repeat an answer that ended it, run <see cref="Answer_mutated_answers"/> with the printed number as <c>MUTATED_FROM</c> and 1 as <c>MUTATED_COUNT</c>.
/// </summary>
public sealed class MutatedAnswersTests
{
    private const string From = "MUTATED_FROM";
    private const string Count = "MUTATED_COUNT";

    [Fact]
    public Task Two_thousand_mutated_answers_end_no_process() => Survives(Random.Shared.Next(1_000_000_000), 2_000);

    [Fact, Trait("Category", "long")]
    public Task A_hundred_thousand_mutated_answers_end_no_process() => Survives(Random.Shared.Next(1_000_000_000), 100_000);

    private static async Task Survives(int from, int count)
    {
        await using var child = await ChildProcess.Start(
            GatewayProcess.DotnetHost,
            [typeof(MutatedAnswersTests).Assembly.Location, "-noLogo", "-noColor", "-explicit", "only", "-method", $"{typeof(MutatedAnswersTests).FullName}.{nameof(Answer_mutated_answers)}"],
            new Dictionary<string, string> { [From] = Text(from), [Count] = Text(count), ["DOTNET_DbgEnableMiniDump"] = "0" });
        await child.Exited(TestContext.Current.CancellationToken);
        var output = child.Output.Entries;
        Assert.True(child.ExitCode == 0 && output.Contains($"{count} answers"), $"From {from}, {count} answers, exit code {child.ExitCode}:\n{string.Join('\n', output.TakeLast(60))}");
    }

    [Fact(Explicit = true)]
    public async Task Answer_mutated_answers()
    {
        var (from, count) = (Number(From, 0), Number(Count, 1));
        for (var number = from; number < from + count; number++)
        {
            Console.WriteLine($"answer {Text(number)}");
            await RunAsync(new AnswerMutator(number));
        }
        Console.WriteLine($"{Text(count)} answers");
    }

    private static async Task RunAsync(AnswerMutator mutator)
    {
        await using var server = ScriptedImapServer.Start(new() { Capabilities = $"{ScriptedOptions.Modest} ENABLE CONDSTORE OBJECTID ESEARCH SPECIAL-USE {(mutator.Next(2) == 0 ? "LIST-EXTENDED LIST-STATUS" : "")}" });
        server.AddMailbox("Sent \"out\"", @"\Sent");
        server.Inbox.Add("one");
        server.Inbox.Add(uid => new(uid, Multipart));
        // The login takes about five answers.
        var left = mutator.Next(11);
        server.Rewrite = (session, octets) =>
        {
            if (left-- != 0)
            {
                return octets;
            }
            session.Close();
            return mutator.Mutate(octets);
        };
        try
        {
            var policy = new EgressPolicy(Options.Create(new EgressOptions { AllowPrivateNetworks = true }));
            var connection = new ServerConnection(new EgressConnector(policy, TimeProvider.System), Options.Create(new ImapOptions()), TimeProvider.System);
            var where = new MailServer(ScriptedImapServer.Host, server.Port, Security.None, "anna", false);
            await using var session = await ImapSession.ConnectAsync(connection, where, new Credential(CredentialKind.Password, "pass"), TimeSpan.FromSeconds(20), new Quirks(TimeProvider.System, []), CancellationToken.None);
            using var limit = session.Begin(TimeSpan.FromSeconds(30));
            await UseAsync(session, mutator.Next(5));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // What the pool makes a problem of.
            Assert.NotEqual("", ImapFailure.Classify(e, null).Detail);
        }
    }

    private static async Task UseAsync(ImapSession session, int how)
    {
        switch (how)
        {
            case 0 or 1:
                await HeaderFetch.RunAsync(session, "INBOX", 0, [1, 2], previews: how == 1);
                break;
            case 2:
                await SectionFetch.RunAsync(session, "INBOX", 0, [1, 2], [new SectionSlice("HEADER", 0, 1000), new SectionSlice("1", 0, 1000)]);
                break;
            case 3:
                await MailboxListing.AllAsync(session, new ListingLimit.Known(0, _ => false, _ => false));
                await MailboxListing.ProveAsync(session, ["INBOX"], uids: true);
                break;
            default:
                var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
                var folder = await session.SelectAsync("INBOX");
                var sink = new LiteralStream(pipe.Writer);
                sink.Expect(2, new SectionSlice("", 0, uint.MaxValue));
                await session.StreamAsync(sink, () => folder.GetStreamAsync(new UniqueId(2), ""));
                break;
        }
    }

    private static byte[] Multipart { get; } = System.Text.Encoding.ASCII.GetBytes(
        """
        From: "Berg, \"Anna\"" <anna@example.org>
        To: friends: ben@example.com, "C. (c)" <c@example.com>;, d@example.com
        Subject: =?utf-8?q?two_=28parts=29?=
        Message-ID: <two@example.org>
        References: <one@example.org>
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary=b

        --b
        Content-Type: multipart/alternative; boundary=c

        --c
        Content-Type: text/plain; charset=utf-8

        Some (((text.
        --c
        Content-Type: text/html

        <p>Some text.</p>
        --c--
        --b
        Content-Type: message/rfc822

        Subject: inner

        inner
        --b
        Content-Type: application/pdf; name="a (1).pdf"
        Content-Disposition: attachment; filename="a (1).pdf"
        Content-Transfer-Encoding: base64

        eA==
        --b--

        """.ReplaceLineEndings("\r\n"));

    private static int Number(string name, int otherwise) => Environment.GetEnvironmentVariable(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
