using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Mailboxes;

namespace ImapGateway.Tests.Mailboxes;

public class MailboxTextTests
{
    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("a\0b")]
    [InlineData("a\r\nA1 LOGOUT")]
    [InlineData("a\u0085b")]
    [InlineData("a\u2028b")]
    [InlineData("all*")]
    [InlineData("100%")]
    [InlineData("\ud83d")]
    public void No_mailbox_is_called_that(string name) => Assert.NotNull(MailboxText.Fault(name, MailboxText.LongestName));

    [Fact]
    public void Nor_by_a_name_without_end() => Assert.NotNull(MailboxText.Fault(new string('x', MailboxText.LongestName + 1), MailboxText.LongestName));

    [Theory]
    [InlineData("Grüße & Küsse")]
    [InlineData("日本語")]
    [InlineData("🎉 party \"quoted\" \\ back")]
    public void Anything_else_is_a_name(string name) => Assert.Null(MailboxText.Fault(name, MailboxText.LongestName));

    [Theory]
    [InlineData("/a", "/", false)]
    [InlineData("a/", "/", false)]
    [InlineData("a//b", "/", false)]
    [InlineData("a/b", "/", true)]
    [InlineData("a/", ".", true)]
    [InlineData("/a", null, true)]
    public void No_level_of_a_path_is_empty(string path, string? delimiter, bool good) => Assert.Equal(good, MailboxText.PathFault(path, delimiter) is null);

    [Theory]
    [InlineData("a/b", "/", false)]
    [InlineData("a/b", ".", true)]
    [InlineData("a/b", null, true)]
    public void A_name_is_one_level(string name, string? delimiter, bool good) => Assert.Equal(good, MailboxText.NameFault(name, delimiter) is null);

    [Fact]
    public void The_levels_above_a_path_come_from_the_top() => Assert.Equal(["a", "a/b"], MailboxText.Above("a/b/c", "/"));

    [Fact]
    public void Every_mistake_of_a_request_is_told_with_its_pointer()
    {
        var create = Assert.Throws<ProblemException>(() => new MailboxInput(Path: "a*", Name: "b%", ParentId: "inbox").ToCommand());
        Assert.Equal(["", "/parentId", "/path", "/name"], create.Problem.Errors.Select(error => error.Pointer));
        var change = Assert.Throws<ProblemException>(() => new MailboxPatch(Path: new Optional<string?>(true, null), Name: new Optional<string?>(true, "x\n"), Subscribed: new Optional<bool?>(true, null)).ToCommand("b_1"));
        Assert.Equal(["/path", "/subscribed", "/path", "/name"], change.Problem.Errors.Select(error => error.Pointer));
        Assert.Equal(ErrorCode.BadRequest, Assert.Throws<ProblemException>(() => new MailboxPatch().ToCommand("b_1")).Code);
    }
}
