using ImapGateway.Imap;
using ImapGateway.Mail;
using MailKit;

namespace ImapGateway.Tests.Imap;

public class FlagMappingTests
{
    [Fact]
    public void System_flags_get_our_names_and_keywords_keep_theirs() =>
        Assert.Equal(
            Flags.Of("$seen", "$deleted", "$Forwarded", "Work"),
            FlagMapping.ToFlags(MessageFlags.Seen | MessageFlags.Deleted | MessageFlags.Recent | MessageFlags.UserDefined, ["$Forwarded", "Work", "\\Later", "$Flagged", ""]));

    [Fact]
    public void Names_of_clients_become_system_flags_and_keywords()
    {
        var (flags, keywords) = FlagMapping.ToImap(["$Seen", "$flagged", "$junk", "$Junk", "Work"]);
        Assert.Equal(MessageFlags.Seen | MessageFlags.Flagged, flags);
        Assert.Equal(["$junk", "Work"], keywords);
    }

    [Theory]
    [InlineData("$seen")]
    [InlineData("$Forwarded")]
    [InlineData("NonJunk")]
    [InlineData("label}1")]
    [InlineData("a/b.c:d[e")]
    public void Atoms_are_accepted(string name) => Assert.Null(FlagMapping.Refusal(name));

    [Theory]
    [InlineData("\\Seen", "$seen")]
    [InlineData("\\Recent", "system flags")]
    [InlineData("$recent", "\\Recent")]
    [InlineData("two words", "atom")]
    [InlineData("a\r\nA1 LOGOUT", "atom")]
    [InlineData("a]", "atom")]
    [InlineData("späm", "atom")]
    [InlineData("nil", "NIL")]
    [InlineData("", "name")]
    [InlineData(null, "name")]
    public void What_IMAP_cannot_carry_is_refused_with_the_reason(string? name, string reason)
    {
        Assert.Contains(reason, FlagMapping.Refusal(name));
        Assert.Equal(FlagMapping.Refusal(name), FlagMapping.Mistake(name));
    }

    [Theory]
    [InlineData("seen")]
    [InlineData("Answered")]
    [InlineData("FLAGGED")]
    [InlineData("draft")]
    [InlineData("deleted")]
    public void A_system_flag_without_its_sign_can_only_be_removed(string name)
    {
        Assert.Contains($"Write ${name.ToLowerInvariant()}:", FlagMapping.Mistake(name), StringComparison.Ordinal);
        Assert.Null(FlagMapping.Refusal(name));
        Assert.Null(FlagMapping.Mistake("$" + name));
    }
}
