using MailKit;
using MimeKit;

namespace ImapGateway.Tests.Imap;

/// <summary>Body structures as a server would send them, section numbers included (RFC 3501 section 6.4.5).</summary>
static class Structure
{
    public static Node Part(string type, string? disposition = null, string? cid = null, uint size = 10) => new(type, disposition, cid, size, []);

    public static Node Multi(string subtype, params Node[] children) => new("multipart/" + subtype, null, null, 0, children);

    public sealed record Node(string Type, string? Disposition, string? Cid, uint Size, Node[] Children)
    {
        public string? Subject { get; init; }

        public BodyPart Build(string path = "")
        {
            var type = ContentType.Parse(Type);
            if (Children.Length > 0 || type.IsMimeType("multipart", "*"))
            {
                var parts = new BodyPartCollection();
                for (var i = 0; i < Children.Length; i++)
                {
                    parts.Add(Children[i].Build(path.Length == 0 ? $"{i + 1}" : $"{path}.{i + 1}"));
                }
                return new BodyPartMultipart(type, path, parts);
            }
            BodyPartBasic leaf = type.IsMimeType("message", "rfc822")
                ? new BodyPartMessage(type, path) { Envelope = new Envelope { Subject = Subject }, Body = Multi("mixed", Part("text/plain"), Part("application/pdf")).Build(path) }
                : type.IsMimeType("text", "*") ? new BodyPartText(type, path) : new BodyPartBasic(type, path);
            leaf.ContentDisposition = Disposition is null ? null : ContentDisposition.Parse(Disposition);
            leaf.ContentId = Cid;
            leaf.Octets = Size;
            leaf.ContentTransferEncoding = "BASE64";
            return leaf;
        }
    }
}
