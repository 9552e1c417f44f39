using System.Text.Json;
using ImapGateway.Cache;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Cache;

public class HeaderCodecTests
{
    private static readonly HeaderKey Key = new(12, 1_700_000_000, 4711);

    private static readonly MessageHeaders Rich = new(
        "M6d99ac3275bb4e", null, "cafe.1@example.org", ["a@example.org"], ["a@example.org", "b@example.org"], "Grüße \U0001F600", [new("Anna Berg", "anna@example.org")], [], [],
        [new(null, "bob@example.com"), new("", "")], [], [], new DateTimeOffset(2026, 5, 31, 13, 44, 52, TimeSpan.FromHours(2)), DateTimeOffset.UnixEpoch, 71_034,
        [
            new("1.1", "text/plain", "utf-8", "quoted-printable", 812, null, null, null, null, true, false, false),
            new("1.2", "text/html", "x-unknown", "7bit", 2_212, null, "inline", "logo@example.org", "logo.png", false, true, false),
            new("2", "application/pdf", null, "base64", 68_412, "offer.pdf", "attachment", null, null, false, false, true),
        ]);

    private static readonly MessageHeaders Bare = new(null, null, null, [], [], null, [], [], [], [], [], [], null, DateTimeOffset.MaxValue, 0, []);

    [Fact]
    public void What_is_read_is_what_was_written()
    {
        foreach (var headers in new[] { Rich, Bare })
        {
            Assert.Equal(JsonSerializer.Serialize(headers), JsonSerializer.Serialize(HeaderCodec.Decode(Key, HeaderCodec.Encode(Key, headers)!)));
        }
    }

    [Fact]
    public void It_is_smaller_than_half_of_what_json_takes() =>
        Assert.InRange(HeaderCodec.Encode(Key, Rich)!.Length, 1, JsonSerializer.SerializeToUtf8Bytes(Rich).Length / 2);

    [Fact]
    public void No_damaged_byte_and_no_cut_goes_unnoticed()
    {
        var whole = HeaderCodec.Encode(Key, Rich)!;
        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 0x10;
            Assert.Null(HeaderCodec.Decode(Key, damaged));
            Assert.Null(HeaderCodec.Decode(Key, whole[..at]));
        }
        Assert.Null(HeaderCodec.Decode(Key, [.. whole, 0]));
    }

    [Fact]
    public void What_an_earlier_version_has_written_is_nothing_and_is_read_anew()
    {
        var bytes = HeaderCodec.Encode(Key, Rich)!;
        for (var version = 0; version < HeaderCodec.Version; version++)
        {
            bytes[0] = (byte)version;
            Assert.Null(HeaderCodec.Decode(Key, bytes));
        }
    }

    [Fact]
    public void What_was_written_for_another_message_is_nothing()
    {
        var bytes = HeaderCodec.Encode(Key, Rich)!;
        Assert.Null(HeaderCodec.Decode(Key with { Uid = 4712 }, bytes));
        Assert.Null(HeaderCodec.Decode(Key with { UidValidity = 1 }, bytes));
        Assert.Null(HeaderCodec.Decode(Key with { Mailbox = 13 }, bytes));
    }

    [Fact]
    public void Text_that_has_no_utf8_is_not_stored() =>
        Assert.Null(HeaderCodec.Encode(Key, Bare with { Subject = "\uD800" }));
}
