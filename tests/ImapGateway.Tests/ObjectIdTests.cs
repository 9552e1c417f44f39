using ImapGateway.Mail;

namespace ImapGateway.Tests;

public class ObjectIdTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(ulong.MaxValue)]
    public void What_was_formatted_is_parsed(ulong counter)
    {
        var incarnation = ObjectId.NewIncarnation();
        var text = ObjectId.Format(ObjectId.Message, incarnation, counter);
        Assert.True(ObjectId.TryParse(text, out var id));
        Assert.Equal(new ObjectId(ObjectId.Message, incarnation, counter), id);
        Assert.Matches("^[a-z0-9_]{1,64}$", text);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("m_")]
    [InlineData("m_abcdefgh")]
    [InlineData("x_abcdefghb")]
    [InlineData("m_abcdefghab")]
    [InlineData("m_abcdefgh1")]
    [InlineData("M_abcdefghb")]
    [InlineData("m_abcdefghzzzzzzzzzzzzzz")]
    public void What_was_never_minted_is_refused(string? text) => Assert.False(ObjectId.TryParse(text, out _));
}
