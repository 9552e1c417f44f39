using ImapGateway.Accounts;
using ImapGateway.Changes;
using ImapGateway.IntegrationTests.Servers.Scripted;
using ImapGateway.Mail;
using ImapGateway.Mailboxes;
using ImapGateway.Messages;
using ImapGateway.Messages.Sections;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Core.Internal;
using Code = ImapGateway.Mail.ErrorCode;

namespace ImapGateway.IntegrationTests.Faults;

/// <summary>An unexpected exception in a call of an account's owner is an internal error of that call; the account and the gateway work afterwards.</summary>
public sealed class AccountOwnerTests(FaultyGateway gateway) : IClassFixture<FaultyGateway>
{
    [Fact]
    public async Task In_its_calls()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("one");
        var id = await gateway.Add(server, "none");
        var grain = gateway.Services.GetRequiredService<IGrainFactory>().GetGrain<IAccountGrain>(id);

        // While it is open: a call that reads the row of the account, and one that writes what it has found at the server.
        await grain.Read();
        await Fails("AccountStore.<FindAsync>", () => grain.Reload(reconnect: false));
        await Fails("MailboxCommits.<CommitTreeAsync>", () => grain.Execute(new ListMailboxes(10, null), default));
        var message = await NewestId(id);
        await Fails("MailboxCommits.<PlanAsync>", () => grain.Execute(new StoreFlags(message, ["$flagged"], [], default), default));
        // The server has stored the flag, and the next look finds it.
        Assert.Equal(["$flagged"], await FlagsOf(id, message));
        await grain.Execute(new StoreFlags(message, ["$answered"], [], default), default);
        Assert.Equal(["$answered", "$flagged"], await FlagsOf(id, message));

        // While it opens.
        var section = new ReadSection(new SectionRef(message, null), 0, null);
        Func<Task>[] calls = [grain.Read, () => grain.Execute(new ListMailboxes(10, null), default), async () => await grain.Stream(section, default).ToListAsync()];
        foreach (var code in new[] { "AccountStore.<FindAsync>", "AccountGrain.<ReadAsync>", "AccountMailboxes.<LoadAsync>" })
        {
            foreach (var call in calls)
            {
                gateway.Database.FailingCode = code;
                await grain.Reload(reconnect: true);
                await Fails(code, call);
            }
        }
        Assert.NotEmpty(await grain.Stream(section, default).ToListAsync());
        gateway.Runs();
    }

    [Fact]
    public async Task When_it_gives_the_account_back()
    {
        await using var server = ScriptedImapServer.Start();
        var id = await gateway.AddWatched(server);
        var grain = gateway.Services.GetRequiredService<IGrainFactory>().GetGrain<IAccountGrain>(id);
        // Its next write finds that somebody else has owned the account.
        await gateway.Database.WriteAsync((db, cancel) => db.Set<FenceEntity>().ExecuteUpdateAsync(update => update.SetProperty(fence => fence.Generation, fence => fence.Generation + 1), cancel), default);
        server.Inbox.Add("one");
        await TestWait.ForNothingMissing(async () =>
            (await gateway.Api.Get($"/v1/accounts/{id}/mailboxes/inbox/messages")) is { Status: System.Net.HttpStatusCode.OK } list && list.Json.GetProperty("items").GetArrayLength() == 1 ? null : "the message is not listed");
        server.Inbox.Add("two");
        await TestWait.ForNothingMissing(async () =>
            (await gateway.Api.Get($"/v1/accounts/{id}/mailboxes/inbox/messages")) is { Status: System.Net.HttpStatusCode.OK } list && list.Json.GetProperty("items").GetArrayLength() == 2 ? null : "the new owner does not watch the account");
        Assert.NotNull(await grain.Read());
        gateway.Runs();
    }

    [Fact]
    public async Task While_it_is_deactivated()
    {
        await using var server = ScriptedImapServer.Start();
        server.Inbox.Add("one");
        var id = await gateway.AddWatched(server);
        var grain = gateway.Services.GetRequiredService<IGrainFactory>().GetGrain<IAccountGrain>(id);
        // Everything that is asked of the storage fails.
        gateway.Database.FailingCode = "";
        try
        {
            await grain.AsReference<IGrainManagementExtension>().DeactivateOnIdle();
            await TestWait.For(() => server.OpenConnections == 0, "the end of all connections");
            Assert.Equal(Code.Internal, (await Assert.ThrowsAsync<ProblemException>(grain.Read)).Code);
        }
        finally
        {
            gateway.Database.FailingCode = null;
        }
        await grain.Read();
        server.Inbox.Add("two");
        await TestWait.ForNothingMissing(async () =>
            (await gateway.Api.Get($"/v1/accounts/{id}/mailboxes/inbox/messages")) is { Status: System.Net.HttpStatusCode.OK } list && list.Json.GetProperty("items").GetArrayLength() == 2 ? null : "the new owner does not watch the account");
        gateway.Runs();
    }

    private async Task<string> NewestId(string account) =>
        (await gateway.Api.Get($"/v1/accounts/{account}/mailboxes/inbox/messages")).Is(System.Net.HttpStatusCode.OK).Json.GetProperty("items")[0].GetProperty("id").GetString()!;

    private async Task<IEnumerable<string?>> FlagsOf(string account, string message) =>
        (await gateway.Api.Get($"/v1/accounts/{account}/messages/{message}", ("Cache-Control", "no-cache"))).Is(System.Net.HttpStatusCode.OK).Json.GetProperty("flags").EnumerateArray().Select(flag => flag.GetString());

    private async Task Fails(string code, Func<Task> call)
    {
        gateway.Database.FailingCode = code;
        try
        {
            Assert.Equal(Code.Internal, (await Assert.ThrowsAsync<ProblemException>(call)).Code);
        }
        finally
        {
            gateway.Database.FailingCode = null;
        }
    }
}
