using System.Text.Json;
using ImapGateway.Access;
using ImapGateway.Changes;

namespace ImapGateway.Tests.Changes;

public class ChangeViewTests
{
    [Theory]
    [InlineData(Scope.MailRead, ChangeView.Full)]
    [InlineData(Scope.Admin, ChangeView.Full)]
    [InlineData(Scope.MailReadBasic, ChangeView.Basic)]
    [InlineData(Scope.MailReadBasic | Scope.MailWrite | Scope.Webhooks, ChangeView.Basic)]
    [InlineData(Scope.Webhooks, ChangeView.Ids)]
    public void The_scopes_of_a_key_decide(Scope scopes, ChangeView view) => Assert.Equal(view, ChangeViews.Of(new Caller("k", scopes, null)));

    [Fact]
    public void Without_mail_read_a_summary_is_the_same_but_for_its_preview()
    {
        var change = ChangeExamples.Of(ChangeType.MessageAdded);
        var full = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(Message(ChangeView.Full))!;
        var basic = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(Message(ChangeView.Basic))!;

        Assert.True(full.Remove("preview"));
        Assert.Equal(full.Select(member => $"{member.Key}: {member.Value}"), basic.Select(member => $"{member.Key}: {member.Value}"));

        string Message(ChangeView view) => JsonDocument.Parse(ChangeJson.ToBytes(change, view)).RootElement.GetProperty("data").GetProperty("message").GetRawText();
    }

    [Fact]
    public void A_subject_that_looks_like_a_preview_stays()
    {
        var change = ChangeExamples.Of(ChangeType.MessageAdded) with { Message = """{"id":"m","x":{"preview":"a"},"subject":"\"preview\":\"b\"","preview":"c \"d\"","size":1}"""u8.ToArray() };
        var json = JsonDocument.Parse(ChangeJson.ToBytes(change, ChangeView.Basic)).RootElement.GetProperty("data").GetProperty("message");
        Assert.Equal("""{"id":"m","x":{"preview":"a"},"subject":"\"preview\":\"b\"","size":1}""", json.GetRawText());
    }
}
