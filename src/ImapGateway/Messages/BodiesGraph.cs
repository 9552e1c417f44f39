using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.GraphQL.Fields;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Mail;
using ImapGateway.Messages.Bodies;

namespace ImapGateway.Messages;

public enum BodyKind
{
    Text,
    Html,
}

public enum ImageMode
{
    Blocked,
    Remote,
}

/// <summary>Adds the parts of messages that are fetched only on demand, and the URLs of their files, to the graph.</summary>
public sealed class BodiesGraph : IGraph
{
    /// <summary>The cost of a body: that of ten lines of a list.</summary>
    private const int BodyPrice = 10;

    private sealed record Content(string? Text, bool IsTruncated);

    private sealed record Header(string Name, ImmutableArray<string> Values);

    private sealed record File(InAccount<Message> Of, Attachment Attachment);

    public void Build(GraphBuilder graph)
    {
        graph.Enum<BodyKind>("BodyKind", "How to read a message.", (BodyKind.Text, "As plain text, derived from the HTML where there is no text part."), (BodyKind.Html, "As HTML that is safe to show."));
        graph.Enum<HtmlMode>("HtmlMode", "How to show HTML.", (HtmlMode.Safe, "One element to put into a page, without scripts, remote content and whatever else could harm the page; its contents stay inside of it."),
            (HtmlMode.Raw, "As it was sent."),
            (HtmlMode.Document, "A complete page for the srcdoc attribute of an iframe with sandbox=\"allow-popups allow-popups-to-escape-sandbox\". It keeps the style sheets of the message with their conditions, such as dark mode."));
        graph.Enum<ImageMode>("ImageMode", "Pictures of other hosts.",
            (ImageMode.Blocked, "They are not loaded, and their URLs are in data-blocked-src."),
            (ImageMode.Remote, "They are loaded when the HTML is shown, and the sender can see that. Raw HTML is not changed."));
        var content = graph.Object<Content>("MessageBody", "Readable text of a message. What is asked for together shares the room of one answer.");
        content.Leaf("content", "String", one => one.Text, "Null where the message has none.");
        content.Leaf("truncated", "Boolean!", one => one.IsTruncated, "Whether something was cut.");
        var header = graph.Object<Header>("HeaderField", "A header field, decoded.");
        header.Leaf("name", "String!", one => one.Name, "In lower case.");
        header.Leaf("values", "[String!]!", one => one.Values, "In the order of their appearance.");
        BuildAttachment(graph);
        BuildStructure(graph);

        var message = graph.Extend<InAccount<Message>>("Message");
        var maxBytes = new GraphArgument("maxBytes", "Int", $"UTF-8 octets at most, {ReadOptions.MostBodyBytes} or less.", ReadOptions.DefaultBodyBytes);
        message.Field("body", "MessageBody", (one, call) => BodyAsync(one, call, call.Choice<BodyKind>("kind") == BodyKind.Html, HtmlForm.Safe), "Its text.", new("kind", "BodyKind", "As text or as HTML.", BodyKind.Text), maxBytes)
            .Requires(Scope.MailRead).Costs(BodyPrice).Held();
        message.Field(
            "html", "MessageBody", (one, call) => BodyAsync(one, call, isHtml: true, new HtmlForm(call.Choice<HtmlMode>("mode") ?? HtmlMode.Safe, call.Choice<ImageMode>("images") == ImageMode.Remote)), "Its HTML.",
            new("mode", "HtmlMode", "How to show it.", HtmlMode.Safe), new("images", "ImageMode", "Whether pictures of other hosts are loaded.", ImageMode.Blocked), maxBytes)
            .Requires(Scope.MailRead).Costs(BodyPrice).Held();
        message.Field("headers", "[HeaderField!]", HeadersAsync, "Header fields by name; those that are not there are left out.", new GraphArgument("names", "[String!]", "Which; all where it is missing. At most 100."))
            .Requires(Scope.MailReadBasic).Costs(BodyPrice).Held();
        message.Part("attachments", "[Attachment!]!", one => one.Value.Attachments.Select(attachment => new File(one, attachment)), "All parts but those that are read as the text or the HTML; files are those that are not inline.");
        message.Field("structure", "BodyPart!", StructureAsync, "The MIME structure. Ask for `parts` in `parts` as deep as is wanted.").Requires(Scope.MailReadBasic).Held();
        message.Leaf("rawUrl", "String!", one => $"{UrlOf(one)}/raw", "Where the message can be downloaded as it was sent, with the same key: relative to the gateway.");
    }

    private static void BuildAttachment(GraphBuilder graph)
    {
        var file = graph.Object<File>("Attachment", "A part that is not the text or the HTML of the message.");
        file.Leaf("part", "String!", one => one.Attachment.Part, "The IMAP section number.");
        file.Leaf("filename", "String", one => one.Attachment.Filename, "Decoded, without any path; null where the sender gave none.");
        file.Leaf("contentType", "String!", one => one.Attachment.ContentType, "Media type in lower case, without parameters.");
        file.Leaf("size", "Long!", one => one.Attachment.Size, "Encoded octets, as the mail server counts them.");
        file.Leaf("disposition", "String", one => one.Attachment.Disposition, "\"attachment\", \"inline\" or null.");
        file.Leaf("contentId", "String", one => one.Attachment.ContentId, "Decoded (RFC 2047), without angle brackets.");
        file.Leaf("inline", "Boolean!", one => one.Attachment.Inline, "True for a part that a reader does not see as a file: what the HTML shows, a signature, another representation of the text.");
        file.Leaf("url", "String!", one => $"{UrlOf(one.Of)}/parts/{one.Attachment.Part}", "Where it can be downloaded, decoded, with the same key: relative to the gateway.");
    }

    private static void BuildStructure(GraphBuilder graph)
    {
        var part = graph.Object<StructurePart>("BodyPart", "A part of the MIME structure. A message in a message (message/rfc822) is a part without parts.");
        part.Leaf("part", "String", one => one.Part, "The IMAP section number; null for the message itself if it is a multipart.");
        part.Leaf("contentType", "String!", one => one.ContentType, "Media type in lower case, without parameters.");
        part.Leaf("charset", "String", one => one.Charset, "The charset parameter as the sender wrote it.");
        part.Leaf("disposition", "String", one => one.Disposition, "\"attachment\", \"inline\" or null.");
        part.Leaf("filename", "String", one => one.Filename, "Decoded, without any path; null where the sender gave none.");
        part.Leaf("contentId", "String", one => one.ContentId, "Decoded (RFC 2047), without angle brackets.");
        part.Leaf("language", "[String!]", one => one.Language, "Content-Language (RFC 3282); null where there is none.");
        part.Leaf("size", "Long!", one => one.Size, "Encoded octets, as the mail server counts them; of a multipart the sum of its parts.");
        part.Leaf("encoding", "String", one => one.Encoding, "Content-Transfer-Encoding in lower case; null for a multipart.");
        part.Part("parts", "[BodyPart!]!", one => one.Parts, "In the order of the message; empty where there are none. Parts below the twelfth level are listed in the part of that level.");
    }

    private static string UrlOf(InAccount<Message> message) => $"{RouteRights.Root}/accounts/{message.Account}/messages/{message.Value.Id}";

    private static async Task<Content> BodyAsync(InAccount<Message> message, FieldCall call, bool isHtml, HtmlForm form)
    {
        var maxBytes = call.Number("maxBytes") ?? ReadOptions.DefaultBodyBytes;
        var errors = new RequestErrors();
        errors.Range("maxBytes", maxBytes, 1, ReadOptions.MostBodyBytes);
        errors.ThrowIfAny();
        var read = await MessageDetails.LoadAsync(call, message.Account, new DetailsWanted(message.Value.Id, !isHtml, isHtml, form, maxBytes, default));
        return new Content(isHtml ? read.Body?.Html : read.Body?.Text, read.Body?.Truncated ?? false);
    }

    private static async Task<StructurePart> StructureAsync(InAccount<Message> message, FieldCall call) =>
        (await MessageDetails.LoadAsync(call, message.Account, new DetailsWanted(message.Value.Id, false, false, HtmlForm.Safe, ReadOptions.DefaultBodyBytes, default) { Structure = true })).Structure!;

    private static async Task<IReadOnlyList<Header>> HeadersAsync(InAccount<Message> message, FieldCall call)
    {
        var names = ReadQuery.NamesOf(call.Texts("names"), "names");
        var read = await MessageDetails.LoadAsync(call, message.Account, new DetailsWanted(message.Value.Id, false, false, HtmlForm.Safe, ReadOptions.DefaultBodyBytes, names));
        return [.. (read.Headers ?? ImmutableSortedDictionary<string, ImmutableArray<string>>.Empty)
            .Where(header => names.IsEmpty || names.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
            .Select(header => new Header(header.Key, header.Value))];
    }
}
