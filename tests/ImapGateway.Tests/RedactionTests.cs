using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Mail;

namespace ImapGateway.Tests;

public class RedactionTests
{
    private const string Secret = "Tr0ub/4dor \"&3é";

    private static readonly Dictionary<string, Func<string, string>> Forms = new()
    {
        ["as it is"] = text => text,
        ["in upper case"] = text => text.ToUpperInvariant(),
        ["UTF-8 taken for Latin-1"] = text => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text)),
        ["base64"] = text => Base64(text),
        ["base64 behind an octet"] = text => Base64("x" + text),
        ["base64 behind two octets"] = text => Base64("xy" + text + "z"),
        ["base64 without padding"] = text => Base64(text).TrimEnd('='),
        ["base64url"] = text => Base64(text).Replace('+', '-').Replace('/', '_').TrimEnd('='),
        ["base64 within other letters"] = text => "abc" + Base64(text) + "abc",
        ["base64 in lines"] = text => string.Join("\r\n ", Base64(text).Chunk(5).Select(line => new string(line))),
        ["SASL PLAIN"] = text => Base64($"\0anna@example.com\0{text}"),
        ["XOAUTH2"] = text => Base64($"user=anna\u0001auth=Bearer {text}\u0001\u0001"),
        ["base64 twice"] = text => Base64(Base64(text)),
        ["base64 of JSON"] = text => Base64(JsonSerializer.Serialize(new { password = text })),
        ["percent"] = Uri.EscapeDataString,
        ["percent in lower case"] = text => Uri.EscapeDataString(text).ToLowerInvariant(),
        ["percent of everything"] = text => string.Concat(Encoding.UTF8.GetBytes(text).Select(octet => $"%{octet:x2}")),
        ["percent twice"] = text => Uri.EscapeDataString(Uri.EscapeDataString(text)),
        ["a form"] = text => System.Net.WebUtility.UrlEncode(text),
        ["percent of base64"] = text => Uri.EscapeDataString(Base64(text)),
        ["quoted-printable"] = text => string.Concat(Encoding.UTF8.GetBytes(text).Select(octet => $"={octet:X2}")),
        ["a quoted string"] = text => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
        ["JSON"] = text => JsonSerializer.Serialize(text),
        ["JSON with escapes only"] = text => string.Concat(text.Select(unit => $"\\u{(int)unit:x4}")),
        ["HTML"] = System.Net.WebUtility.HtmlEncode,
        ["HTML in numbers"] = text => string.Concat(text.Select(unit => $"&#x{(int)unit:X};")),
        ["HTML in numbers without an end"] = text => string.Concat(text.Select(unit => $"&#{(int)unit}")),
        ["HTML in numbers with zeros"] = text => string.Concat(text.Select(unit => $"&#{(int)unit:d12};")),
        ["JavaScript"] = text => string.Concat(text.Select(unit => $"\\u{{{(int)unit:x}}}")),
        ["escapes of a form in numbers"] = text => string.Concat(text.Select(unit => $"%u{(int)unit:x4}")),
        ["octal"] = text => string.Concat(Encoding.UTF8.GetBytes(text).Select(octet => $"\\{Convert.ToString(octet, 8).PadLeft(3, '0')}")),
        ["hexadecimal with colons"] = text => string.Join(':', Encoding.UTF8.GetBytes(text).Select(octet => $"{octet:x2}")),
        ["hexadecimal with dashes"] = text => BitConverter.ToString(Encoding.UTF8.GetBytes(text)),
        ["hexadecimal in an array"] = text => string.Join(", ", Encoding.UTF8.GetBytes(text).Select(octet => $"0x{octet:X2}")),
        ["decimal in an array"] = text => JsonSerializer.Serialize(Encoding.UTF8.GetBytes(text).Select(octet => (int)octet)),
        ["octal with blanks"] = text => string.Join(' ', Encoding.UTF8.GetBytes(text).Select(octet => Convert.ToString(octet, 8).PadLeft(3, '0'))),
        ["base64 of UTF-16"] = text => Convert.ToBase64String(Encoding.Unicode.GetBytes(text)),
        ["hexadecimal"] = text => Convert.ToHexString(Encoding.UTF8.GetBytes(text)),
        ["hexadecimal in lower case behind a digit"] = text => "f" + Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text)),
        ["over a line end"] = text => text.Insert(text.Length / 2, "\r\n "),
    };

    public static TheoryData<string> FormNames => [.. Forms.Keys];

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    [Theory, MemberData(nameof(FormNames))]
    public void A_secret_is_removed_in_every_form(string name)
    {
        foreach (var secret in new[] { Secret, "hunter2", "пароль😀ключ", new string('k', 30) + "-_~" + new string('q', 1500) })
        {
            var form = Forms[name](secret);
            var shown = new Redaction([secret]).Apply($"The password {form} is wrong.");
            Assert.DoesNotContain(form, shown, StringComparison.OrdinalIgnoreCase);
            Assert.StartsWith("The passwor", shown, StringComparison.Ordinal);
            Assert.EndsWith("wrong.", shown, StringComparison.Ordinal);
            Assert.Contains(Redaction.Mask, shown, StringComparison.Ordinal);
            // Nor is it there for somebody who decodes what is left.
            Assert.Equal(shown, new Redaction([secret]).Apply(shown));
        }
    }

    /// <summary>A password that contains what another way of escaping would decode.</summary>
    [Theory]
    [InlineData("P\"w%20ab9", "LOGIN u \"P\\\"w%20ab9\"")]
    [InlineData("x\\y=20ab", "LOGIN u \"x\\\\y=20ab\"")]
    [InlineData("Qu\"ote&lt;1", "LOGIN u \"Qu\\\"ote&lt;1\"")]
    [InlineData("a=3Db\"c1", "\"a=3Db\\\"c1\"")]
    [InlineData("100%25\"pct", "\"100%25\\\"pct\"")]
    [InlineData("a%41b&amp;c9", "a%2541b%26amp;c9")]
    [InlineData("päßwörter9", "p&AOQA3w-w&APY-rter9")]
    [InlineData("Zürich-Öl9", "ZÃ\u009cRICH-Ã\u0096L9 or zÃ¼rich-Ã¶l9")]
    [InlineData("my pass word", "=?utf-8?Q?my_pass_word?=")]
    public void A_secret_that_looks_like_an_escape_itself_is_removed(string secret, string text)
    {
        var shown = new Redaction([secret]).Apply($"The server says {text}.")!;
        Assert.Contains(Redaction.Mask, shown, StringComparison.Ordinal);
        Assert.DoesNotContain(secret[..4], shown, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(secret[^4..], shown, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_long_secret_that_is_cut_off_is_removed()
    {
        var token = string.Concat(Enumerable.Range(0, 60).Select(number => Base64(number.ToString("x5", System.Globalization.CultureInfo.InvariantCulture))));
        var redaction = new Redaction([token]);
        Assert.Equal($"bad {Redaction.Mask}", redaction.Apply($"bad {token[..300]}"));
        Assert.Equal($"{Redaction.Mask} is bad", redaction.Apply($"{token[200..]} is bad"));
        Assert.Equal($"bad {Base64("\0anna\0")[..8]}{Redaction.Mask}", redaction.Apply($"bad {Base64("\0anna\0" + token)[..300]}"));
    }

    [Fact]
    public void What_repeats_no_secret_stays_as_it_is() => Prop.ForAll<string>(text =>
        Assert.Equal(text, new Redaction(["one that is not among it", Secret]).Apply(text))).QuickCheckThrowOnFailure();

    [Fact]
    public void A_word_is_not_a_secret_because_a_part_of_it_is() => Assert.Equal("Wrong password, not ***.", new Redaction(["pass"]).Apply("Wrong password, not pass."));

    [Fact]
    public void An_ordinary_word_of_a_refusal_is_shown() => Assert.Equal("wrong user name or password", new Redaction(["wrong"]).Apply("wrong user name or password"));

    [Fact]
    public void Next_to_a_secret_of_three_characters_nothing_is_shown()
    {
        Assert.Null(new Redaction(["abc"]).Apply("Wrong user name or password."));
        Assert.Null(new Redaction(["abc", Secret]).Apply("abc"));
        Assert.Equal("Wrong password.", new Redaction([""]).Apply("Wrong password."));
    }

    [Fact]
    public void Any_text_can_be_searched() => Prop.ForAll<byte[], byte[]>((one, other) =>
    {
        string[] pieces = ["%", "=", "\\u00", "\\x4", "&#", "&#x1f600;", "&amp;", ";", "QUJD", "/", "+", "-", "4", "f", " ", "\r\n", "\\", Secret, Base64(Secret), "é", "\ud800"];
        var text = string.Concat(one.Concat(other).Select(index => pieces[index % pieces.Length]));
        Assert.DoesNotContain(Secret, new Redaction([Secret]).Apply(text) ?? "", StringComparison.OrdinalIgnoreCase);
    }).QuickCheckThrowOnFailure();

    /// <summary>What is not searched is not shown: a secret may be cut off at the end.</summary>
    [Theory]
    [InlineData("correct horse battery")]
    [InlineData("a-token-of-many-characters-0123456789-abcdefghijklmnopqrstuvwxyz")]
    public void Of_a_long_text_the_beginning_is_shown(string secret)
    {
        var redaction = new Redaction([secret]);
        var encoded = Uri.EscapeDataString(secret);
        foreach (var repeated in new[] { secret, encoded })
        {
            for (var before = Redaction.LongestText - 10; before < Redaction.LongestText + 40 * secret.Length; before += secret.Length / 2)
            {
                var shown = redaction.Apply(new string('x', before) + repeated + new string('y', 1_000_000))!;
                Assert.InRange(shown.Length, 1000, Redaction.LongestText + 40 * secret.Length);
                Assert.Empty(shown.Trim('x', 'y', '*'));
            }
        }
        Assert.Equal("short ***", redaction.Apply($"short {secret}"));
    }
}
