using ImapGateway.Messages.Bodies.Css;

namespace ImapGateway.Tests.Messages;

public class SafeCssTests
{
    [Theory]
    [InlineData("width:calc(100% - 20px)")]
    [InlineData("width:min(600px,100%)")]
    [InlineData("width:calc((100% - 20px) / 3)")]
    [InlineData("background:linear-gradient(90deg,#fff 0%,rgb(0, 0, 0) 100%)")]
    [InlineData("background-image:radial-gradient(circle at top,red,blue)")]
    [InlineData("color:hsl(280, 60%, 35%)")]
    [InlineData("color:rgb(0 0 0 / 50%)")]
    [InlineData("font:bold 12px/1.5 'Segoe UI',Arial")]
    [InlineData("max-height:0;overflow:hidden")]
    [InlineData("box-shadow:0 1px 2px rgba(0,0,0,.2)")]
    [InlineData("color:red!important")]
    public void What_only_computes_stays(string style)
    {
        Assert.Equal(style, SafeCss.Filter(style));
    }

    [Theory]
    [InlineData("background:#fff url(https://t.example/p.png) no-repeat center", "background:#fff none no-repeat center")]
    [InlineData("background:url('a;b.png') #123", "background:none #123")]
    [InlineData("background:url(data:image/png;base64,xx==) red", "background:none red")]
    [InlineData("background:image-set('https://t.example/p.png' 1x) #fff", "background:none #fff")]
    [InlineData("background:-webkit-image-set(url(x) 1x),#fff", "background:none,#fff")]
    [InlineData("background:var(--x) blue", "background:none blue")]
    [InlineData("background-image:url(x);color:red", "background-image:none;color:red")]
    public void The_colour_beside_a_picture_stays(string style, string expected) => Assert.Equal(expected, SafeCss.Filter(style));

    [Fact]
    public void A_picture_that_is_allowed_is_written_as_one()
    {
        Assert.Equal("background:url(\"/parts/2\") red", SafeCss.Filter("background:url( 'cid:x' ) red", url => url == "cid:x" ? "/parts/2" : null));
        Assert.Equal("background:none", SafeCss.Filter("background:url(x)", _ => "https://x.example/\") ; position:fixed"));
    }

    [Theory]
    [InlineData("width:10001px")]
    [InlineData("height:99999999999999999999px")]
    [InlineData("height:1e9px")]
    [InlineData("height:1e+9px")]
    [InlineData("height:1E9px")]
    [InlineData("width:700em")]
    [InlineData("width:calc(9999px * 9999)")]
    [InlineData("width:calc(2000px * 16 * 16 * 16)")]
    [InlineData("width:calc(2000px / 0.0001)")]
    [InlineData("font-size:2000px")]
    [InlineData("font:99999px Arial")]
    [InlineData("line-height:5000")]
    [InlineData("margin:-1px")]
    [InlineData("margin-left:calc(0px - 500px)")]
    [InlineData("margin-top:calc(500px * -1)")]
    [InlineData("padding:10px\\9")]
    [InlineData("width:expression(alert(1))")]
    [InlineData("width:attr(data-x px)")]
    [InlineData("content:'x'")]
    [InlineData("color:{red}")]
    [InlineData("list-style:url(x)")]
    [InlineData("cursor:url(x),auto")]
    [InlineData("position:relative")]
    [InlineData("z-index:5")]
    [InlineData("transform:none")]
    [InlineData("zoom:20")]
    [InlineData("inset:0")]
    [InlineData("animation:x 1s")]
    [InlineData("color:red!")]
    [InlineData("color:rgb(1,2")]
    [InlineData("color:rgb(1,2))")]
    public void What_cannot_be_bounded_or_understood_is_left_out(string style) => Assert.Equal("", SafeCss.Filter(style));

    [Theory]
    [InlineData("position:absolute;left:-9999px")]
    [InlineData("left:-200em;position:absolute")]
    [InlineData("position:fixed;top:-1000px;color:red")]
    [InlineData("position:absolute;clip:rect(0,0,0,0)")]
    [InlineData("position:absolute;clip:rect(1px, 1px, 1px, 1px);width:1px")]
    [InlineData("position:absolute;clip-path:inset(50%)")]
    public void What_was_hidden_by_its_position_is_hidden(string style) => Assert.EndsWith("display:none", SafeCss.Filter(style), StringComparison.Ordinal);

    [Theory]
    [InlineData("position:relative;left:-9999px")]
    [InlineData("position:absolute;left:-10px")]
    [InlineData("left:-9999px")]
    public void What_was_not_hidden_is_not(string style) => Assert.Equal("", SafeCss.Filter(style));
}
