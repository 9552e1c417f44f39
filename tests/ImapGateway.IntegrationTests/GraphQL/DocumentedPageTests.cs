using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using ImapGateway.IntegrationTests.Changes;
using ImapGateway.IntegrationTests.Contract;
using ImapGateway.IntegrationTests.Servers;
using MimeKit;

namespace ImapGateway.IntegrationTests.GraphQL;

/// <summary>The page that docs/graphql.md shows, as it stands there, with the key that it makes.</summary>
[Trait("Category", "judges")]
public sealed partial class DocumentedPageTests
{
    [Fact]
    public async Task The_page_of_the_documentation_shows_an_inbox_and_what_arrives_in_it()
    {
        var port = FreePort.Next();
        var text = await File.ReadAllTextAsync(Path.Combine(Judges.Root, "docs", "graphql.md"));
        var (dovecot, user) = (await SharedServers.Dovecot, World.NewUser());
        await using var feed = await LiveFeed.Start(postgres: false, ("Cors:Origins:0", string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")));
        await Deliver("first");
        var imap = new { host = DovecotServer.Host, port = dovecot.Port, security = "none", username = user, password = DovecotServer.Password };
        (await feed.Api.Put("/v1/accounts/ann", new { name = "Ann", email = user, imap, watch = "all" })).Is(HttpStatusCode.Created);
        var key = (await feed.Api.Post("/v1/keys", JsonElement.Parse(Key().Match(text).Groups["body"].Value))).Is(HttpStatusCode.Created).Text("key");

        using var folder = new TemporaryDirectory();
        await File.WriteAllTextAsync(folder["inbox.html"], Page().Match(text).Groups["code"].Value.Replace("http://localhost:5000", feed.Address.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal));
        await Judges.Ready();
        var page = Judges.Run("documented-page.mjs", folder["profile"], folder["inbox.html"], port.ToString(CultureInfo.InvariantCulture), key, "second");
        await TestWait.For(() => feed.Log.Waiting > 0 || page.IsCompleted);
        await Deliver("second");
        Assert.Equal(["Bert: second", "Bert: first"], await page);

        async Task Deliver(string subject)
        {
            var message = new MimeMessage { Subject = subject, Body = new TextPart("plain") { Text = subject }, From = { new MailboxAddress("Bert", "bert@example.org") }, To = { new MailboxAddress("", user) } };
            await dovecot.Append(user, message, "INBOX");
        }
    }

    [GeneratedRegex(@"^```html\n(?<code><!doctype html>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Page();

    [GeneratedRegex(@"/v1/keys -d '(?<body>\{""name"": ""page""[^']*)'")]
    private static partial Regex Key();
}
