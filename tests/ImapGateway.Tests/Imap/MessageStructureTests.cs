using ImapGateway.Imap;
using MailKit;
using MimeKit;
using static ImapGateway.Tests.Imap.Structure;

namespace ImapGateway.Tests.Imap;

public class MessageStructureTests
{
    /// <summary>Each leaf as "section type roles": t = in text, h = in HTML, A = a file.</summary>
    private static string[] Roles(Node node) =>
        [.. MessageStructure.Of(node.Build()).Select(part => $"{part.Part} {part.ContentType} {(part.InText ? "t" : "")}{(part.InHtml ? "h" : "")}{(part.IsFile ? "A" : "")}".TrimEnd())];

    [Fact]
    public void A_plain_message_is_part_1() => Assert.Equal(["1 text/plain th"], Roles(Part("text/plain")));

    [Fact]
    public void Of_an_alternative_each_reader_gets_its_own() =>
        Assert.Equal(["1 text/plain t", "2 text/html h"], Roles(Multi("alternative", Part("text/plain"), Part("text/html"))));

    [Fact]
    public void What_an_alternative_at_the_root_has_in_another_multipart_belongs_to_its_own_reader() =>
        Assert.Equal(
            ["1 text/plain t", "2.1 text/html h", "2.2 application/pdf A", "2.3 text/html h"],
            Roles(Multi("alternative", Part("text/plain"), Multi("mixed", Part("text/html"), Part("application/pdf"), Part("text/html")))));

    [Fact]
    public void Html_alone_serves_both_readers() =>
        Assert.Equal(["1.1 text/html th", "2 application/pdf A"], Roles(Multi("mixed", Multi("alternative", Part("text/html")), Part("application/pdf"))));

    [Fact]
    public void A_list_footer_after_the_message_belongs_to_both_bodies() =>
        Assert.Equal(
            ["1.1 text/plain t", "1.2 text/html h", "2 text/plain th"],
            Roles(Multi("mixed", Multi("alternative", Part("text/plain"), Part("text/html")), Part("text/plain"))));

    [Fact]
    public void An_inline_pdf_is_an_attachment() =>
        Assert.Equal(["1 text/plain th", "2 application/pdf A"], Roles(Multi("mixed", Part("text/plain"), Part("application/pdf", "inline; filename=a.pdf"))));

    [Theory]
    [InlineData("application/pdf; name=a.pdf")]
    [InlineData("application/octet-stream")]
    [InlineData("image/png")]
    [InlineData("text/csv")]
    [InlineData("text/plain; name=notes.txt")]
    [InlineData("text/html; name=page.html")]
    [InlineData("text/calendar; method=REQUEST")]
    [InlineData("application/ms-tnef; name=winmail.dat")]
    [InlineData("message/delivery-status")]
    [InlineData("text/rfc822-headers")]
    public void Without_a_disposition_what_is_no_unnamed_text_is_an_attachment(string type)
    {
        var part = MessageStructure.Of(Multi("mixed", Part("text/plain"), Part(type)).Build())[1];
        Assert.True(part.IsFile);
        Assert.False(part.InText || part.InHtml);
    }

    [Fact]
    public void Text_sent_as_an_attachment_is_one_even_alone() => Assert.Equal(["1 text/plain A"], Roles(Part("text/plain", "attachment; filename=a.txt")));

    [Fact]
    public void Text_with_a_name_that_is_all_there_is_to_read_is_read() => Assert.Equal(["1 text/plain th"], Roles(Part("text/plain; name=body.txt")));

    [Fact]
    public void A_signature_picture_is_no_attachment_yet_a_part() =>
        Assert.Equal(
            ["1.1 text/plain t", "1.2.1 text/html h", "1.2.2 image/png", "2 application/pdf A"],
            Roles(Multi("mixed",
                Multi("alternative", Part("text/plain"), Multi("related", Part("text/html"), Part("image/png; name=logo.png", "inline; filename=logo.png", "<logo@x>"))),
                Part("application/pdf; name=a.pdf", "attachment"))));

    [Fact]
    public void A_picture_without_content_id_is_an_attachment_even_in_a_related() =>
        Assert.Equal(["1 text/html th", "2 image/png A"], Roles(Multi("related", Part("text/html"), Part("image/png", "inline"))));

    [Fact]
    public void A_photo_beside_the_text_is_an_attachment_though_it_has_a_content_id() =>
        Assert.Equal(["1 text/plain th", "2 image/jpeg A"], Roles(Multi("mixed", Part("text/plain"), Part("image/jpeg", "inline; filename=IMG_1.jpg", "<1@phone>"))));

    [Fact]
    public void A_document_in_a_related_is_an_attachment_though_it_has_a_content_id() =>
        Assert.Equal(["1 text/html th", "2 application/pdf A"], Roles(Multi("related", Part("text/html"), Part("application/pdf; name=a.pdf", null, "<2@outlook>"))));

    [Fact]
    public void The_root_of_a_related_is_the_one_that_start_names() =>
        Assert.Equal(["1 image/png", "2 text/html th"], Roles(new Node("multipart/related; start=\"<root@x>\"", null, null, 0, [Part("image/png", null, "<i@x>"), Part("text/html", null, "<root@x>")])));

    [Fact]
    public void An_invitation_as_an_alternative_is_an_attachment() =>
        Assert.Equal(
            ["1 text/plain t", "2 text/html h", "3 text/calendar A"],
            Roles(Multi("alternative", Part("text/plain"), Part("text/html"), Part("text/calendar; method=REQUEST"))));

    [Fact]
    public void Another_representation_is_neither_read_nor_a_file() =>
        Assert.Equal(["1 text/plain t", "2 text/x-amp-html", "3 text/html h"], Roles(Multi("alternative", Part("text/plain"), Part("text/x-amp-html"), Part("text/html"))));

    [Theory]
    [InlineData("signed", "application/pgp-signature; name=signature.asc", "attachment")]
    [InlineData("signed", "application/pkcs7-signature; name=smime.p7s", "attachment; filename=smime.p7s")]
    [InlineData("encrypted", "application/pgp-encrypted", null)]
    public void Signatures_and_control_parts_are_no_attachments(string multipart, string type, string? disposition) =>
        Assert.False(MessageStructure.Of(Multi(multipart, Part("text/plain"), Part(type, disposition)).Build())[1].IsFile);

    [Fact]
    public void What_is_encrypted_is_an_attachment() => Assert.Equal(["1 application/pkcs7-mime A"], Roles(Part("application/pkcs7-mime; name=smime.p7m")));

    [Fact]
    public void A_forwarded_message_is_one_leaf_named_by_its_subject()
    {
        var part = MessageStructure.Of(Multi("mixed", Part("text/plain"), Part("message/rfc822") with { Subject = "Re: a/b \u202Egpj" }).Build())[1];
        Assert.Equal(("2", "message/rfc822", true, "Re: a-b gpj.eml"), (part.Part, part.ContentType, part.IsFile, part.Filename));
    }

    [Fact]
    public void A_forwarded_message_without_subject_has_no_name() => Assert.Null(MessageStructure.Of(Part("message/rfc822").Build())[0].Filename);

    [Fact]
    public void Wrong_types_and_encodings_become_safe_ones()
    {
        var type = new ContentType("te xt", "pl\rain") { Charset = "utf-8\r\n" };
        var part = Assert.Single(MessageStructure.Of(new BodyPartBasic(type, "") { ContentTransferEncoding = "x-secret", ContentId = "<>" }));
        Assert.Equal(("application/octet-stream", "binary", null, "utf-8"), (part.ContentType, part.Encoding, part.ContentId, part.Charset));
    }

    [Fact]
    public void Nothing_and_an_empty_multipart_have_no_parts()
    {
        Assert.Empty(MessageStructure.Of(null));
        Assert.Empty(MessageStructure.Of(Multi("mixed").Build()));
    }

    [Fact]
    public void A_message_nested_200_deep_shows_its_text()
    {
        var node = Part("text/plain");
        for (var i = 0; i < 200; i++)
        {
            node = Multi(i % 2 == 0 ? "mixed" : "alternative", node);
        }
        var part = Assert.Single(MessageStructure.Of(node.Build()));
        Assert.Equal(200, part.Part.Split('.').Length);
        Assert.True(part.InText && part.InHtml);
    }

    [Fact]
    public void A_structure_of_any_depth_and_width_is_answered()
    {
        var deep = new BodyPartMultipart(new ContentType("multipart", "mixed"), "1");
        for (var i = 0; i < 100_000; i++)
        {
            deep = new BodyPartMultipart(new ContentType("multipart", "mixed"), "1", [deep]);
        }
        Assert.Empty(MessageStructure.Of(deep));
        var wide = new BodyPartCollection();
        for (var i = 0; i < 5_000; i++)
        {
            wide.Add(new BodyPartBasic(new ContentType("application", "pdf"), $"{i + 1}"));
        }
        Assert.Equal(MessageStructure.MaxParts, MessageStructure.Of(new BodyPartMultipart(new ContentType("multipart", "mixed"), "", wide)).Length);
    }
}
