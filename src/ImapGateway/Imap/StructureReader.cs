using MailKit;
using MimeKit;

namespace ImapGateway.Imap;

/// <summary>
/// Builds the structure of a message from its octets, as a mail server would describe it. Keeps the fields of one header at a time and nothing of the text, so its memory does not depend on the
/// size of the message.
/// </summary>
public sealed class StructureReader(Stream message) : MimeReader(Limited(), message, MimeFormat.Entity)
{
    /// <summary>The maximum number of octets of a field that is kept.</summary>
    private const int MostInField = 64 << 10;

    private readonly Stack<BodyPartMultipart> _open = new();
    private readonly HeaderList _fields = [];
    private readonly HeaderList _inner = [];
    private int _nested;
    private int _nestedHeaders;
    private int _parts;
    private long _contentBegin;
    private long _contentLength;

    /// <summary>The structure; null if there is none.</summary>
    public BodyPart? Structure { get; private set; }

    /// <summary>The number of octets in memory: the fields of the header that is being read.</summary>
    public long Kept { get; private set; }

    /// <summary>The position in the message, without the field that is being collected.</summary>
    public long Passed { get; private set; }

    private static ParserOptions Limited()
    {
        var options = ParserOptions.Default.Clone();
        options.MaxMimeDepth = MessageStructure.MaxDepth;
        return options;
    }

    protected override void OnHeadersBegin(long beginOffset, int beginLineNumber, CancellationToken cancellationToken)
    {
        if (_nested == 0)
        {
            _fields.Clear();
            Kept = 0;
        }
        else
        {
            _nestedHeaders++;
            _contentBegin = _contentBegin < 0 ? beginOffset : _contentBegin;
        }
    }

    protected override void OnHeaderRead(Header header, int beginLineNumber, CancellationToken cancellationToken)
    {
        Passed = Position;
        // Only the subject of a nested message is kept: the part is named by it.
        var kept = _nested == 0 ? _fields : _inner;
        var isWanted = _nested == 0 ? header.Field.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) : _nestedHeaders == 1 && header.Id == HeaderId.Subject;
        if (isWanted && header.RawValue.Length <= MostInField && !kept.Contains(header.Field))
        {
            kept.Add(header);
            Kept += header.RawValue.Length;
        }
    }

    protected override void OnMultipartBegin(ContentType contentType, long beginOffset, int beginLineNumber, CancellationToken cancellationToken)
    {
        if (_nested == 0)
        {
            var fields = HeaderFields.Of(_fields);
            var part = new BodyPartMultipart(fields.ContentType(contentType), NextSpecifier()) { ContentDisposition = fields.ContentDisposition(), ContentLanguage = Languages(fields) };
            Add(part);
            _open.Push(part);
        }
    }

    protected override void OnMultipartEnd(ContentType contentType, long beginOffset, int beginLineNumber, long headersEndOffset, long endOffset, int lines, CancellationToken cancellationToken)
    {
        if (_nested == 0)
        {
            _open.Pop();
        }
    }

    protected override void OnMultipartPreambleRead(byte[] buffer, int startIndex, int count, CancellationToken cancellationToken) => Passed = Position;

    protected override void OnMultipartEpilogueRead(byte[] buffer, int startIndex, int count, CancellationToken cancellationToken) => Passed = Position;

    protected override void OnMimePartContentRead(byte[] buffer, int startIndex, int count, CancellationToken cancellationToken) => Passed = Position;

    protected override void OnMimePartBegin(ContentType contentType, long beginOffset, int beginLineNumber, CancellationToken cancellationToken) => _contentLength = 0;

    protected override void OnMimePartContentEnd(long beginOffset, int beginLineNumber, long endOffset, int lines, NewLineFormat? newLineFormat, CancellationToken cancellationToken) =>
        _contentLength = endOffset - beginOffset;

    protected override void OnMimePartEnd(ContentType contentType, long beginOffset, int beginLineNumber, long headersEndOffset, long endOffset, int lines, CancellationToken cancellationToken)
    {
        // A multipart is a leaf at the limit of the depth.
        if (_nested == 0 && !contentType.IsMimeType("multipart", "*"))
        {
            Add(Described(new BodyPartBasic(HeaderFields.Of(_fields).ContentType(contentType), NextSpecifier()), _contentLength));
        }
    }

    protected override void OnMessagePartBegin(ContentType contentType, long beginOffset, int beginLineNumber, CancellationToken cancellationToken)
    {
        if (_nested++ == 0)
        {
            (_contentBegin, _nestedHeaders) = (-1, 0);
            _inner.Clear();
        }
    }

    protected override void OnMessagePartEnd(ContentType contentType, long beginOffset, int beginLineNumber, long headersEndOffset, long endOffset, int lines, CancellationToken cancellationToken)
    {
        if (--_nested == 0)
        {
            var part = new BodyPartMessage(HeaderFields.Of(_fields).ContentType(contentType), NextSpecifier()) { Envelope = new Envelope { Subject = HeaderFields.Of(_inner).Text("Subject") } };
            Add(Described(part, _contentBegin < 0 ? 0 : endOffset - _contentBegin));
        }
    }

    private BodyPartBasic Described(BodyPartBasic part, long octets)
    {
        var fields = HeaderFields.Of(_fields);
        part.ContentDisposition = fields.ContentDisposition();
        part.ContentLanguage = Languages(fields);
        part.ContentTransferEncoding = fields.Line("Content-Transfer-Encoding");
        part.ContentId = fields.Line("Content-ID")?.Trim();
        part.ContentLocation = fields.Line("Content-Location") is { } location && Uri.TryCreate(location.Trim(), UriKind.RelativeOrAbsolute, out var uri) ? uri : null;
        part.Octets = (uint)Math.Clamp(octets, 0, uint.MaxValue);
        return part;
    }

    private static string[]? Languages(HeaderFields fields) => fields.Line("Content-Language") is { } languages ? [languages] : null;

    /// <summary>Returns the section number of the next part (RFC 3501 section 6.4.5).</summary>
    private string NextSpecifier() => !_open.TryPeek(out var parent) ? "" : parent.PartSpecifier.Length == 0 ? $"{parent.BodyParts.Count + 1}" : $"{parent.PartSpecifier}.{parent.BodyParts.Count + 1}";

    private void Add(BodyPart part)
    {
        if (_open.TryPeek(out var parent))
        {
            if (_parts++ < MessageStructure.MaxParts)
            {
                parent.BodyParts.Add(part);
            }
        }
        else
        {
            Structure ??= part;
        }
    }
}
