using ImapGateway.Imap;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Imap;

public class ImapGrammarTests
{
    private static readonly char[] AtomSpecials = ['(', ')', '{', ' ', '%', '*', '"', '\\', ']'];

    [Fact]
    public void A_keyword_has_the_characters_of_an_atom_and_no_others()
    {
        for (var c = '\0'; c <= '\u2100'; c++)
        {
            Assert.Equal(c is > ' ' and <= '~' && !AtomSpecials.Contains(c), ImapGrammar.IsKeyword($"a{c}b"));
        }
        Assert.False(ImapGrammar.IsKeyword(""));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\0")]
    [InlineData("  ")]
    [InlineData(")")]
    [InlineData("]")]
    [InlineData("{5}")]
    [InlineData("\u2028")]
    [InlineData("\u0085")]
    [InlineData("\u0660")]
    public void Nothing_else_may_stand_behind_a_name_or_a_section(string rest)
    {
        Assert.False(ImapGrammar.IsKeyword("a" + rest));
        Assert.False(ImapGrammar.IsHeaderName("Subject" + rest));
        Assert.False(ImapGrammar.IsSection("1.2" + rest));
        Assert.False(ImapGrammar.IsSection("HEADER" + rest));
        Assert.False(ImapGrammar.IsSection("HEADER.FIELDS (To)" + rest));
        Assert.False(ImapGrammar.IsSection($"HEADER.FIELDS (To{rest} Cc)"));
        Assert.Throws<ArgumentException>(() => new SectionSlice("1" + rest, 0, 1));
        Assert.Throws<ArgumentException>(() => new Section("INBOX", 1, 1, "1" + rest, "7bit", 1));
        Assert.Throws<ProblemException>(() => FlagMapping.ToImap(["a" + rest]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1.2.10")]
    [InlineData("1.MIME")]
    [InlineData("HEADER")]
    [InlineData("HEADER.FIELDS (Subject List-Id)")]
    public void Sections_are_what_RFC_3501_has(string section) => Assert.True(ImapGrammar.IsSection(section));

    [Fact]
    public void A_fetch_of_sections_is_one_line() =>
        Assert.Equal("UID FETCH 3,5 (BODY.PEEK[1.2]<0.10> BODY.PEEK[HEADER.FIELDS (To)]<5.6>)", new SectionCommand([3, 5], [new SectionSlice("1.2", 0, 10), new SectionSlice("HEADER.FIELDS (To)", 5, 6)]).ToString());
}
