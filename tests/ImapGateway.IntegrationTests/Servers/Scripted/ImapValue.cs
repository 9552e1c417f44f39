using System.Text;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>An argument of a command: text (atom, quoted string or literal; one char per octet) or a parenthesised list.</summary>
public sealed record ImapValue(string Text, IReadOnlyList<ImapValue>? List = null)
{
    public bool IsList => List is not null;

    /// <summary>Without case, as IMAP compares its own words.</summary>
    public bool Is(string word) => !IsList && Text.Equals(word, StringComparison.OrdinalIgnoreCase);

    /// <summary>The words of a list, or the one word.</summary>
    public IEnumerable<string> Words => List?.Select(value => value.Text) ?? [Text];

    public override string ToString() => IsList ? $"({string.Join(' ', List!)})" : Text;
}

/// <summary>Reads one command's arguments piece by piece: lines, and literals in between.</summary>
internal sealed class ImapValueReader
{
    private readonly Stack<List<ImapValue>> _open = new([[]]);

    public List<ImapValue> Values => _open.Last();

    public void Literal(string octets) => _open.Peek().Add(new(octets));

    public void Line(string line)
    {
        for (var at = 0; at < line.Length;)
        {
            switch (line[at])
            {
                case ' ':
                    at++;
                    break;
                case '(':
                    _open.Push([]);
                    at++;
                    break;
                case ')' when _open.Count > 1:
                    var list = _open.Pop();
                    _open.Peek().Add(new("", list));
                    at++;
                    break;
                case '"':
                    at = Quoted(line, at + 1);
                    break;
                default:
                    at = Atom(line, at);
                    break;
            }
        }
    }

    private int Quoted(string line, int at)
    {
        var text = new StringBuilder();
        for (; at < line.Length && line[at] != '"'; at++)
        {
            at += line[at] == '\\' ? 1 : 0;
            text.Append(line[at]);
        }

        _open.Peek().Add(new(text.ToString()));
        return at + 1;
    }

    /// <summary>A section in brackets belongs to the atom before it, spaces and parentheses included: <c>BODY[HEADER.FIELDS (TO)]</c>.</summary>
    private int Atom(string line, int start)
    {
        var at = start;
        for (var depth = 0; at < line.Length && (depth > 0 || line[at] is not (' ' or '(' or ')')); at++)
        {
            depth += line[at] switch { '[' => 1, ']' => -1, _ => 0 };
        }

        at = Math.Max(at, start + 1);
        _open.Peek().Add(new(line[start..at]));
        return at;
    }
}
