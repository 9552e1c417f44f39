using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Imap;
using ImapGateway.Mail;
using MailKit;
using MimeKit;

namespace ImapGateway.Tests.Imap;

public class SummaryMappingTests
{
    private static readonly DateTimeOffset Received = new(2026, 3, 1, 12, 0, 0, TimeSpan.FromHours(2));

    /// <param name="header">An octet each; of a message whose text is in this charset.</param>
    private static MessageSummary Summary(string header = "", string type = "text/plain") => new(0)
    {
        Headers = HeaderList.Load(new MemoryStream(Encoding.Latin1.GetBytes(header + "\r\n"))),
        InternalDate = Received,
        Size = 1234,
        Body = Structure.Part(type).Build(),
    };

    private static MessageHeaders Raw(string header) => SummaryMapping.FromRawHeader(Encoding.Latin1.GetBytes(header), Received, 99);

    private static string Bytes(string text, string charset) => Encoding.Latin1.GetString(Encoding.GetEncoding(charset).GetBytes(text));

    [Fact]
    public void Groups_are_flattened_and_addresses_need_no_domain()
    {
        var headers = SummaryMapping.Headers(Summary("To: friends: Ann <ann@example.com>, bob;, undisclosed-recipients:;\r\nFrom: <>\r\n"));
        Assert.Equal([new EmailAddress("Ann", "ann@example.com"), new EmailAddress(null, "bob")], headers.To);
        Assert.Empty(headers.From);
    }

    [Fact]
    public void A_summary_with_nothing_in_it_has_empty_lists_and_can_be_written()
    {
        var headers = SummaryMapping.Headers(new MessageSummary(0));
        Assert.Null(headers.ReceivedAt);
        Assert.Null(headers.Size);
        Assert.All(new[] { headers.From, headers.Sender, headers.ReplyTo, headers.To, headers.Cc, headers.Bcc }, list => Assert.False(list.IsDefault));
        Assert.False(headers.InReplyTo.IsDefault || headers.References.IsDefault || headers.Parts.IsDefault);
        Assert.Null(headers.Subject);
        JsonSerializer.Serialize(Message.Of("m_1", "b_1", 1, Flags.None, 0, headers));
    }

    [Fact]
    public void Dates_are_utc_and_impossible_ones_null()
    {
        var headers = SummaryMapping.Headers(Summary("Date: Wed, 01 Jan 2020 01:00:00 +0500\r\n"));
        Assert.Equal("2019-12-31T20:00:00.0000000+00:00", headers.Date?.ToString("o"));
        Assert.Equal("2026-03-01T10:00:00.0000000+00:00", headers.ReceivedAt?.ToString("o"));
        Assert.Null(SummaryMapping.Headers(Summary("Date: Mon, 01 Jan 0001 00:00:00 +0000\r\n")).Date);
    }

    [Theory]
    [InlineData("<own@x>", "own@x")]
    [InlineData("(comment) <own@x> rest", "own@x")]
    [InlineData("own@x", "own@x")]
    [InlineData("\r\n <long\r\n -own@x>", "long-own@x")]
    [InlineData("<no-at>", "no-at")]
    [InlineData("no id", "no id")]
    [InlineData("", null)]
    public void A_message_id_is_what_stands_in_the_brackets_or_whatever_stands_there(string field, string? id) =>
        Assert.Equal(id, SummaryMapping.Headers(Summary($"Message-ID: {field}\r\n")).MessageId);

    [Fact]
    public void Reply_ids_are_all_of_them_without_brackets()
    {
        var headers = SummaryMapping.Headers(Summary("In-Reply-To: Message of Friday <a@x> <b@x>\r\nReferences: <r@x>\r\n\t<a@x><r@x>,(comment)\r\n"));
        Assert.Equal(["a@x", "b@x"], headers.InReplyTo);
        Assert.Equal(["r@x", "a@x"], headers.References);
        Assert.Equal(["a@x", "b@x"], SummaryMapping.Headers(Summary("In-Reply-To: a@x b@x\r\n")).InReplyTo);
    }

    [Fact]
    public void Ids_of_the_server_are_object_ids_or_gmails_in_decimal()
    {
        var summary = Summary();
        (summary.GMailMessageId, summary.GMailThreadId) = (ulong.MaxValue, 7);
        Assert.Equal(("18446744073709551615", "7"), (SummaryMapping.Headers(summary).EmailId, SummaryMapping.Headers(summary).ThreadId));
        (summary.EmailId, summary.ThreadId) = ("M1", "T1");
        Assert.Equal(("M1", "T1"), (SummaryMapping.Headers(summary).EmailId, SummaryMapping.Headers(summary).ThreadId));
    }

    [Theory]
    [InlineData("这是一个测试邮件", "gb2312")]
    [InlineData("Привет, как дела сегодня", "koi8-r")]
    [InlineData("こんにちは世界", "shift_jis")]
    [InlineData("Überraschung", "iso-8859-1")]
    public void Raw_8_bit_is_read_in_the_bodys_charset(string subject, string charset)
    {
        var headers = SummaryMapping.Headers(Summary($"Subject: {Bytes(subject, charset)}\r\nFrom: {Bytes(subject, charset)} <a@b>\r\n", $"text/plain; charset={charset}"));
        Assert.Equal((subject, subject), (headers.Subject, headers.From[0].Name));
    }

    [Fact]
    public void Raw_utf8_is_read_as_such_whatever_the_body_is_in()
    {
        var headers = SummaryMapping.Headers(Summary(Encoding.Latin1.GetString("Subject: Größe 日本\r\nTo: Zoë, Dr. <zoë@münchen.example>\r\n"u8), "text/plain; charset=koi8-r"));
        Assert.Equal("Größe 日本", headers.Subject);
        Assert.Equal([new EmailAddress("Zoë, Dr.", "zoë@münchen.example")], headers.To);
    }

    [Fact]
    public void Several_fields_of_one_name_are_one_list() =>
        Assert.Equal(["a@x", "b@x"], SummaryMapping.Headers(Summary("To: a@x\r\nSubject: s\r\nto: b@x\r\n")).To.Select(entry => entry.Address));

    [Theory]
    [InlineData("=?utf-8?B?w6k=?=", "é")]
    [InlineData("=?utf-8?Q?broken", "=?utf-8?Q?broken")]
    [InlineData("=?no-such-charset?Q?caf=C3=A9?=", "café")]
    [InlineData("=?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg==?=", "こんにちは")]
    [InlineData("=?utf-8?Q?one?=\r\n =?utf-8?Q?_two?=", "one two")]
    [InlineData("folded\r\n\tsubject", "folded subject")]
    [InlineData("nul\0 and bell\a", "nul and bell")]
    [InlineData("   ", null)]
    public void Subjects_are_decoded_as_far_as_they_can(string raw, string? expected) => Assert.Equal(expected, Raw($"Subject: {raw}\r\n\r\n").Subject);

    [Fact]
    public void A_header_that_the_server_cannot_parse_tells_what_it_can()
    {
        var headers = Raw("""
            From mbox-line Mon Jan  1 00:00:00 2020
            no field at all
            Subject: hi
            From: "Ann, Dr." <ann@example.com>
            To: a@x, Group: b@x, c@x;, <<broken, d@x>
            Date: Thu, 32 Foo 99999 25:61:61
            Message-ID: <id@x>
            Content-Type: application/pdf; name="a.pdf"
            Content-Transfer-Encoding: base64

            Subject: body
            """.ReplaceLineEndings("\r\n"));
        Assert.Equal(("hi", "id@x", null), (headers.Subject, headers.MessageId, headers.Date));
        Assert.Equal([new EmailAddress("Ann, Dr.", "ann@example.com")], headers.From);
        Assert.Contains(headers.To, address => address.Address == "c@x");
        Assert.Contains(headers.To, address => address.Address == "d@x");
        Assert.Equal(("application/pdf", "a.pdf", "base64", 99L, true), (headers.Parts[0].ContentType, headers.Parts[0].Filename, headers.Parts[0].Encoding, headers.Parts[0].Size, headers.Parts[0].IsFile));
    }

    [Fact]
    public void Of_a_multipart_the_header_alone_tells_no_parts() => Assert.Empty(Raw("Content-Type: multipart/mixed; boundary=x\r\n\r\n").Parts);

    [Fact]
    public void Five_thousand_recipients_are_all_there()
    {
        var list = string.Join(",\r\n ", Enumerable.Range(0, 5_000).Select(i => $"\"User, {i}\" <user{i}@example.com>"));
        var headers = Raw($"To: {list}\r\n\r\n");
        Assert.Equal(5_000, headers.To.Length);
        Assert.Equal(new EmailAddress("User, 4999", "user4999@example.com"), headers.To[^1]);
    }

    [Fact]
    public void Asked_for_headers_have_lower_case_names_and_all_values_in_order()
    {
        var values = HeaderFields.Parse("Received: one\r\nX-Spam: =?utf-8?Q?=E2=82=AC?=\r\nreceived: two\r\n folded\r\n\r\n"u8).Values(["RECEIVED", "x-spam", "absent"]);
        Assert.Equal(["one", "two folded"], values["received"]);
        Assert.Equal(["€"], values["x-spam"]);
        Assert.Equal(2, values.Count);
    }

    [Fact]
    public void Any_bytes_give_headers_that_can_be_written_as_json() => Prop.ForAll<byte[], byte[], byte[]>((one, two, three) =>
    {
        byte[] header = [.. "Subject: "u8, .. one, .. "\r\nFrom: "u8, .. two, .. "\r\nDate: "u8, .. three, .. "\r\nContent-Type: "u8, .. one, .. "\r\nReferences: <"u8, .. three, (byte)'>'];
        var headers = SummaryMapping.FromRawHeader(header, Received, 1);
        JsonSerializer.Serialize(Message.Of("m_1", "b_1", 1, Flags.None, 0, headers));
        JsonSerializer.Serialize(HeaderFields.Parse(header).Values());
    }).QuickCheckThrowOnFailure();
}
