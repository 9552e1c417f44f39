using System.Globalization;
using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Contract;

[Trait("Category", "judges")]
public class TypedClientTests
{
    [Fact]
    public async Task A_program_with_generated_types_compiles_strictly_and_reads_a_mailbox()
    {
        await Judges.Tool("openapi-typescript", "bin/cli.js", Judges.Document, "--output", "out/api.ts");
        await Judges.Tool("typescript", "bin/tsc", "--project", "tsconfig.json");

        var world = await World.WithDovecot();
        for (var i = 1; i <= 7; i++)
        {
            await world.Deliver($"s{i}");
        }
        var output = await Judges.Run(
            "out/client.js", world.Gateway.Http.BaseAddress!.GetLeftPart(UriPartial.Authority), world.Gateway.AdminKey,
            world.Dovecot.Port.ToString(CultureInfo.InvariantCulture), world.User, DovecotServer.Password);
        Assert.Equal(
            [
                "refused: 424 ask for a new password (AUTHENTICATIONFAILED)",
                $"account: {world.User} connected none 4711",
                "inbox: 7 7",
                "pages: 3 s7,s6,s5,s4,s3,s2,s1",
                "fields: id,subject,flags",
                "read: s7 anna@example.org true 0",
                "flags: $flagged true",
                "gone: 410 gone",
                "malformed: 400 mend limit",
                "removed: 204",
            ],
            output);
    }
}
