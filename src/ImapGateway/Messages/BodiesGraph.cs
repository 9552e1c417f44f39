using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.GraphQL.Execution;
using ImapGateway.GraphQL.Schema;
using ImapGateway.Http;
using ImapGateway.Mail;

namespace ImapGateway.Messages;

public enum BodyKind
{
    Text,
    Html,
}

public enum HtmlMode
{
    Safe,
    Raw,
}

/// <summary>What of a message is fetched only where it is asked for, and where its files are.</summary>
public sealed class BodiesGraph : IGraph
{
    /// <summary>For the cost: a body is worth ten lines of a list.</summary>
    private const int BodyPrice = 10;

    private sealed record Content(string? Text, bool IsTruncated);

    private sealed record Header(string Name, ImmutableArray<string> Values);

    private sealed record File(InAccount<Message> Of, Attachment Attachment);

    public void Build(GraphBuilder graph)
    {
        graph.Enum<BodyKind>("BodyKind", "How to read a message.", (BodyKind.Text, "As plain text, derived from the HTML where there is no text part."), (BodyKind.Html, "As HTML that is safe to show."));
        graph.Enum<HtmlMode>("HtmlMode", "How to show HTML.", (HtmlMode.Safe, "Without scripts, remote content and whatever else could harm a page it is shown in."), (HtmlMode.Raw, "As it was sent."));
        var content = graph.Object<Content>("MessageBody", "Readable text of a message. What is asked for together shares the room of one answer.");
        content.Leaf("content", "String", one => one.Text, "Null where the message has none.");
        content.Leaf("truncated", "Boolean!", one => one.IsTruncated, "Whether something was cut.");
        var header = graph.Object<Header>("HeaderField", "A header field, decoded.");
        header.Leaf("name", "String!", one => one.Name, "In lower case.");
        header.Leaf("values", "[String!]!", one => one.Values, "In the order of their appearance.");
        BuildAttachment(graph);

        var message = graph.Extend<InAccount<Message>>("Message");
        var maxBytes = new GraphArgument("maxBytes", "Int", $"UTF-8 octets at most, {ReadOptions.MostBodyBytes} or less.", ReadOptions.DefaultBodyBytes);
        message.Field("body", "MessageBody", (one, call) => BodyAsync(one, call, call.Choice<BodyKind>("kind") == BodyKind.Html, isRaw: false), "Its text.", new("kind", "BodyKind", "As text or as HTML.", BodyKind.Text), maxBytes)
            .Requires(Scope.MailRead).Costs(BodyPrice).Held();
        message.Field("html", "MessageBody", (one, call) => BodyAsync(one, call, isHtml: true, call.Choice<HtmlMode>("mode") == HtmlMode.Raw), "Its HTML.", new("mode", "HtmlMode", "How to show it.", HtmlMode.Safe), maxBytes)
            .Requires(Scope.MailRead).Costs(BodyPrice).Held();
        message.Field("headers", "[HeaderField!]", HeadersAsync, "Header fields by name; those that are not there are left out.", new GraphArgument("names", "[String!]", "Which; all where it is missing. At most 100."))
            .Requires(Scope.MailReadBasic).Costs(BodyPrice).Held();
        message.Part("attachments", "[Attachment!]!", one => one.Value.Attachments.Select(attachment => new File(one, attachment)), "All parts but those that are read as the text or the HTML; files are those that are not inline.");
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

    private static string UrlOf(InAccount<Message> message) => $"{RouteRights.Root}/accounts/{message.Account}/messages/{message.Value.Id}";

    private static async Task<Content> BodyAsync(InAccount<Message> message, FieldCall call, bool isHtml, bool isRaw)
    {
        var maxBytes = call.Number("maxBytes") ?? ReadOptions.DefaultBodyBytes;
        var errors = new RequestErrors();
        errors.Range("maxBytes", maxBytes, 1, ReadOptions.MostBodyBytes);
        errors.ThrowIfAny();
        var read = await MessageDetails.LoadAsync(call, message.Account, new DetailsWanted(message.Value.Id, !isHtml, isHtml, isRaw, maxBytes, default));
        return new Content(isHtml ? read.Body?.Html : read.Body?.Text, read.Body?.Truncated ?? false);
    }

    private static async Task<IReadOnlyList<Header>> HeadersAsync(InAccount<Message> message, FieldCall call)
    {
        var names = ReadQuery.NamesOf(call.Texts("names"), "names");
        var read = await MessageDetails.LoadAsync(call, message.Account, new DetailsWanted(message.Value.Id, false, false, false, ReadOptions.DefaultBodyBytes, names));
        return [.. (read.Headers ?? ImmutableSortedDictionary<string, ImmutableArray<string>>.Empty)
            .Where(header => names.IsEmpty || names.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
            .Select(header => new Header(header.Key, header.Value))];
    }
}
