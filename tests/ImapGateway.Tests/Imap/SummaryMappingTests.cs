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

    private static MessageSummary Summary(Action<Envelope>? envelope = null)
    {
        var summary = new MessageSummary(0) { Envelope = new Envelope(), InternalDate = Received, Size = 1234, Body = Structure.Part("text/plain").Build() };
        envelope?.Invoke(summary.Envelope);
        return summary;
    }

    private static MessageHeaders Raw(string header) => SummaryMapping.FromRawHeader(Encoding.Latin1.GetBytes(header), Received, 99);

    private static string Bytes(string text, string charset) => Encoding.Latin1.GetString(Charsets.Find(charset)!.GetBytes(text));

    [Fact]
    public void Groups_are_flattened_and_addresses_need_no_domain()
    {
        var headers = SummaryMapping.Headers(Summary(envelope =>
        {
            envelope.To.Add(new GroupAddress("friends", [new MailboxAddress("Ann", "ann@example.com"), new GroupAddress("inner", [new MailboxAddress("", "bob")])]));
            envelope.To.Add(new GroupAddress("undisclosed-recipients"));
            envelope.From.Add(new MailboxAddress(null, ""));
        }));
        Assert.Equal([new EmailAddress("Ann", "ann@example.com"), new EmailAddress(null, "bob")], headers.To);
        Assert.Empty(headers.From);
    }

    [Fact]
    public void A_summary_with_nothing_in_it_has_empty_lists_and_can_be_written()
    {
        var headers = SummaryMapping.Headers(new MessageSummary(0));
        Assert.Equal(DateTimeOffset.UnixEpoch, headers.ReceivedAt);
        Assert.All(new[] { headers.From, headers.Sender, headers.ReplyTo, headers.To, headers.Cc, headers.Bcc }, list => Assert.False(list.IsDefault));
        Assert.False(headers.InReplyTo.IsDefault || headers.References.IsDefault || headers.Parts.IsDefault);
        Assert.Null(headers.Subject);
        JsonSerializer.Serialize(Message.Of("m_1", "b_1", 1, Flags.None, 0, headers));
    }

    [Fact]
    public void Dates_are_utc_and_impossible_ones_null()
    {
        var headers = SummaryMapping.Headers(Summary(envelope => envelope.Date = new DateTimeOffset(2020, 1, 1, 1, 0, 0, TimeSpan.FromHours(5))));
        Assert.Equal("2019-12-31T20:00:00.0000000+00:00", headers.Date?.ToString("o"));
        Assert.Equal("2026-03-01T10:00:00.0000000+00:00", headers.ReceivedAt.ToString("o"));
        Assert.Null(SummaryMapping.Headers(Summary(envelope => envelope.Date = DateTimeOffset.MinValue)).Date);
    }

    [Fact]
    public void Reply_ids_come_from_the_fetched_fields_all_of_them_without_brackets()
    {
        var summary = Summary(envelope => (envelope.InReplyTo, envelope.MessageId) = ("<a@x>", "<own@x>"));
        summary.Headers = [];
        summary.Headers.Add("In-Reply-To", "<a@x> <b@x>");
        summary.Headers.Add("References", "<r@x>\r\n\t<a@x> <r@x> (comment)");
        var headers = SummaryMapping.Headers(summary);
        Assert.Equal(["a@x", "b@x"], headers.InReplyTo);
        Assert.Equal(["r@x", "a@x"], headers.References);
        Assert.Equal("own@x", headers.MessageId);
        Assert.Equal(["a@x"], SummaryMapping.Headers(Summary(envelope => envelope.InReplyTo = "a@x")).InReplyTo);
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
    public void Raw_8_bit_that_MailKit_read_as_Latin_1_is_read_anew_with_the_bodys_charset(string subject, string charset)
    {
        var summary = Summary(envelope =>
        {
            envelope.Subject = Bytes(subject, charset);
            envelope.From.Add(new MailboxAddress(Bytes(subject, charset), "a@b"));
        });
        summary.Body = Structure.Part("text/plain; charset=" + charset).Build();
        var headers = SummaryMapping.Headers(summary);
        Assert.Equal((subject, subject), (headers.Subject, headers.From[0].Name));
    }

    [Theory]
    [InlineData("Größe für Ängström, déjà vu, ÅÄÖ", null)]
    [InlineData("日本語 ©", null)]
    [InlineData("CafÃ©", "Café")]
    public void Text_in_Latin_letters_is_left_alone_and_utf8_read_as_latin1_is_not(string subject, string? repaired) =>
        Assert.Equal(repaired ?? subject, SummaryMapping.Headers(Summary(envelope => envelope.Subject = subject)).Subject);

    [Fact]
    public void Only_what_may_be_misread_is_doubtful()
    {
        Assert.True(SummaryMapping.IsDoubtful(Summary(envelope => envelope.Subject = Bytes("测试", "gb2312"))));
        Assert.True(SummaryMapping.IsDoubtful(Summary(envelope => envelope.Cc.Add(new MailboxAddress(Bytes("Ира", "windows-1251"), "i@x")))));
        Assert.False(SummaryMapping.IsDoubtful(Summary(envelope => envelope.Subject = "déjà vu 日本")));
        Assert.False(SummaryMapping.IsDoubtful(Summary(envelope => envelope.Subject = "Café")));
    }

    [Fact]
    public void Fetched_fields_go_before_the_envelope()
    {
        var summary = Summary(envelope => envelope.Subject = Bytes("测试", "gb2312"));
        var fields = HeaderFields.Parse(Encoding.Latin1.GetBytes("Subject: " + Bytes("测试", "gb2312") + "\r\n\r\n"), "gb2312");
        Assert.Equal("测试", SummaryMapping.Headers(summary, fields).Subject);
    }

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
        Assert.Equal(("application/pdf", "a.pdf", "base64", 99L, true), (headers.Parts[0].ContentType, headers.Parts[0].Filename, headers.Parts[0].Encoding, headers.Parts[0].Size, headers.Parts[0].IsAttachment));
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
