using ImapGateway.Accounts;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.Mail;
using ImapGateway.Messages;
using ImapGateway.Sync;
using Code = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.IntegrationTests.Sync;

/// <summary>Numbers cost a server nothing: they must not cost the gateway its memory or its time.</summary>
public class HostileCountsTests
{
    private static async Task<Code?> List(Owners owners, AccountContext account) =>
        (await Record.ExceptionAsync(() => owners.Run(account, new ListMessages(MailboxRef.Parse("inbox"), new MessageFilter(), 50, null))) as ProblemException)?.Code;

    /// <summary>SELECT as the server would answer, with another number of messages.</summary>
    private static void Exists(ScriptedImapServer server, long count) => server.On("EXAMINE", (session, command, _) =>
    {
        foreach (var line in new[] { @"* FLAGS (\Seen)", $"* {count} EXISTS", "* OK [UIDVALIDITY 1] valid", "* OK [UIDNEXT 4] next", $"{command.Tag} OK [READ-ONLY] examined" })
        {
            session.Say(line);
        }
        return Task.CompletedTask;
    });

    private static void Answer(ScriptedImapServer server, string name, Func<ScriptedCommand, string?> untagged) => server.On(name, (session, command, _) =>
    {
        if (untagged(command) is { } line)
        {
            session.Say(line);
        }
        session.Say($"{command.Tag} OK done");
        return Task.CompletedTask;
    });

    [Theory]
    [InlineData(1_000_000, 1)]
    [InlineData(10_000_000, 0)]
    [InlineData(int.MaxValue, 0)]
    public async Task Messages_that_are_not_there_are_a_protocol_error_after_one_question_and_too_many_before_it(long count, int questions)
    {
        await using var owners = await Owners.Start();
        var account = await owners.Claim();
        Exists(owners.Server, count);
        Answer(owners.Server, "FETCH", _ => null);
        Assert.Equal(Code.AccountProtocol, await List(owners, account));
        Assert.InRange(owners.Server.CountOf("FETCH"), questions, 2 * questions);
    }

    [Fact]
    public async Task Fewer_messages_than_were_known_are_believed_only_with_their_uids()
    {
        await using var owners = await Owners.Start();
        var account = await owners.Claim();
        for (var i = 0; i < 3; i++)
        {
            owners.Server.Inbox.Add("m");
        }
        Assert.Null(await List(owners, account));
        Exists(owners.Server, 1);
        Assert.Null(await List(owners, account));
        Assert.Equal(3, account.Mailboxes.All.Sum(mailbox => mailbox.Index.Count));
    }
}
