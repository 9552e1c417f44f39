using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using ImapGateway.Mail;

namespace ImapGateway.Imap;

/// <summary>
/// Parses the addresses of a header field (RFC 5322 section 3.4) as real senders write them. Any text gives a list. The text between angle brackets is the address of an entry, and the text before
/// them is its name: unquoted commas, colons, semicolons and addresses in a name do not make entries of their own. Encoded words are decoded after the structure is known, so their content neither
/// separates entries nor becomes an additional address.
/// </summary>
public static class AddressList
{
    /// <summary>The maximum number of addresses of one field. No honest message comes near this number.</summary>
    public const int MaxAddresses = 10_000;

    /// <summary>The maximum number of levels of hidden lists: a list within brackets within quotation marks. Only attackers nest deeper.</summary>
    private const int MaxDepth = 2;

    private static readonly SearchValues<char> NotPlain = SearchValues.Create(",; \t(\"");

    /// <param name="field">The field body, unfolded. Raw 8-bit text is decoded, encoded words are not.</param>
    /// <param name="hint">The charset of the body, for encoded words whose own charset says nothing.</param>
    /// <returns>The addresses in order. Groups are flattened to their members. An entry without any address has an empty one.</returns>
    public static ImmutableArray<EmailAddress> Parse(string field, string? hint = null)
    {
        var reading = new Reading(field, hint, isDecoded: false, depth: 0);
        reading.Run();
        return [.. reading.Entries.Take(MaxAddresses)];
    }

    /// <summary>Reads the entries of a field in one pass.</summary>
    private sealed class Reading(string text, string? hint, bool isDecoded, int depth)
    {
        private readonly AddressTokens _tokens = AddressTokens.Of(text);

        /// <summary>Entries without an address of their own: either the beginning of the next entry's name ("Example, Ann"), or entries that have no address at all.</summary>
        private readonly List<(int First, int End)> _pending = [];

        public List<EmailAddress> Entries { get; } = [];

        public void Run()
        {
            var (first, isName) = (0, true);
            for (var at = 0; at < _tokens.Count; at++)
            {
                switch (_tokens[at])
                {
                    case { Kind: AddressTokenKind.Comma or AddressTokenKind.Semicolon }:
                        Entry(first, at);
                        (first, isName) = (at + 1, true);
                        break;
                    case { Kind: AddressTokenKind.Colon } when isName && _tokens.IsGroup(at):
                        // The name of the group is not shown, its members are.
                        first = at + 1;
                        break;
                    case { Kind: AddressTokenKind.Bracketed }:
                    case { Kind: AddressTokenKind.Word } word when text.AsSpan(word.From, word.To - word.From).Contains('@'):
                        isName = false;
                        break;
                }
            }
            Entry(first, _tokens.Count);
            AddPending();
        }

        private void Entry(int first, int end)
        {
            while (first < end && _tokens[first].Kind == AddressTokenKind.Blank)
            {
                first++;
            }
            if (_tokens.All(first, end, AddressTokenKind.Blank, AddressTokenKind.Comment))
            {
                return;
            }
            if (Find(first, end) is { } bracketed)
            {
                Bracketed(first, bracketed, end);
            }
            else
            {
                Bare(first, end);
            }
        }

        /// <summary>Reads one or more addresses in brackets. The text before an address is its name.</summary>
        private void Bracketed(int first, int bracketed, int end)
        {
            var from = _pending.Count > 0 ? _pending[0].First : first;
            _pending.Clear();
            var hasMore = false;
            for (int? at = bracketed; at is { } found;)
            {
                at = Find(found + 1, end);
                // A separator is missing: an address without brackets follows one with brackets.
                hasMore = at is null && Words(found + 1, end).Exists(IsAddress);
                Content(_tokens[found], Name(from, found) ?? (at is null && !hasMore ? Name(found + 1, end) : null));
                from = found + 1;
            }
            if (hasMore)
            {
                Bare(from, end);
            }
        }

        /// <summary>Finds the next brackets that are not empty.</summary>
        private int? Find(int first, int end)
        {
            for (var at = first; at < end; at++)
            {
                if (_tokens[at].Kind == AddressTokenKind.Bracketed && !string.IsNullOrWhiteSpace(text[_tokens[at].From.._tokens[at].To]))
                {
                    return at;
                }
            }
            return null;
        }

        private void Content(AddressToken token, string? name)
        {
            var content = AfterRoute(text[token.From..token.To].Trim());
            if (content.EndsWith(":;", StringComparison.Ordinal))
            {
                // Example: "<undisclosed-recipients:;>".
                return;
            }
            if (depth < MaxDepth && content.AsSpan().ContainsAny(NotPlain))
            {
                // A closing bracket is missing, there is a comment, or the name is inside the brackets.
                var inner = new Reading(content, hint, isDecoded, depth + 1);
                inner.Run();
                if (inner.Entries.Exists(entry => entry.Address.Contains('@')))
                {
                    Entries.AddRange(inner.Entries.Select((entry, index) => index == 0 && name is not null ? entry with { Name = name } : entry));
                    return;
                }
            }
            Add(name, Address(content));
        }

        /// <summary>Reads entries without brackets: words with an @ are addresses, the text before one is its name, and so is a comment behind it.</summary>
        private void Bare(int first, int end)
        {
            var words = Words(first, end);
            if (!words.Exists(IsAddress))
            {
                if (!_tokens.EndsWithColon(first, end))
                {
                    _pending.Add((first, end));
                }
                return;
            }
            var from = first;
            if (_pending.Count > 0 && !IsAddress(words[0]))
            {
                from = _pending[0].First;
                _pending.Clear();
            }
            AddPending();
            for (var at = 0; at < words.Count; at++)
            {
                if (!IsAddress(words[at]))
                {
                    continue;
                }
                var next = words.FindIndex(at + 1, IsAddress);
                var name = Name(from, words[at].First) ?? Name(words[at].End, next < 0 ? end : words[at + 1].First, onlyComments: next >= 0);
                Add(name is { Length: > 0 } && name.TrimEnd(':', ' ') is { Length: > 0 } plain && !plain.Equals("mailto", StringComparison.OrdinalIgnoreCase) ? plain : null, Address(Written(words[at])));
                from = words[at].End;
            }
        }

        /// <summary>Adds a whole entry, with its address, from an encoded word or quotation marks. Does so only if that text is not the name of another address.</summary>
        private bool AddHidden(int first, int end)
        {
            var isWhole = _tokens.All(first, end, AddressTokenKind.EncodedWord, AddressTokenKind.Word, AddressTokenKind.Blank)
                || (_tokens[first].Kind == AddressTokenKind.Quoted && _tokens.All(first + 1, end, AddressTokenKind.Blank));
            if (isDecoded || !isWhole || Name(first, end) is not { } decoded || !decoded.Contains('@'))
            {
                return false;
            }
            var inner = new Reading(decoded, null, isDecoded: true, depth + 1);
            inner.Run();
            if (inner.Entries.FindIndex(entry => entry.Address.IndexOf('@', StringComparison.Ordinal) > 0) is var index && index < 0)
            {
                return false;
            }
            Entries.Add(inner.Entries[index]);
            return true;
        }

        private void AddPending()
        {
            foreach (var (first, end) in _pending)
            {
                if (AddHidden(first, end))
                {
                    continue;
                }
                // A single word is the address of a local user; anything else is a name.
                if (Words(first, end) is [var word] && _tokens.All(first, end, AddressTokenKind.Word, AddressTokenKind.Blank, AddressTokenKind.Comment) && Address(Written(word)) is var address && System.Text.Ascii.IsValid(address))
                {
                    Add(Name(word.End, end), address);
                }
                else
                {
                    Add(Name(first, end), "");
                }
            }
            _pending.Clear();
        }

        private void Add(string? name, string address)
        {
            if (name is not null || address.Length > 0)
            {
                Entries.Add(new EmailAddress(name, address));
            }
        }

        /// <summary>Returns runs of tokens with nothing between them. Blanks around an @ do not end a run (RFC 5322 section 4.4).</summary>
        private List<(int First, int End)> Words(int first, int end)
        {
            var words = new List<(int First, int End)>();
            for (var at = first; at < end; at++)
            {
                if (_tokens[at].Kind is not (AddressTokenKind.Word or AddressTokenKind.Quoted or AddressTokenKind.EncodedWord))
                {
                    continue;
                }
                var start = at;
                while (at + 1 < end && _tokens[at + 1].Kind is AddressTokenKind.Word or AddressTokenKind.Quoted or AddressTokenKind.EncodedWord)
                {
                    at++;
                }
                var isSecondHalf = words.Count > 0 && (text[_tokens[start].From] == '@' || text[_tokens[words[^1].End - 1].To - 1] == '@')
                    && _tokens.All(words[^1].End, start, AddressTokenKind.Blank, AddressTokenKind.Comment) && !IsAddress(words[^1]);
                if (isSecondHalf)
                {
                    words[^1] = (words[^1].First, at + 1);
                }
                else
                {
                    words.Add((start, at + 1));
                }
            }
            return words;
        }

        /// <summary>True if the word has text before and behind an @, outside quotation marks.</summary>
        private bool IsAddress((int First, int End) word)
        {
            for (var at = word.First; at < word.End; at++)
            {
                if (_tokens[at] is not { Kind: AddressTokenKind.Word } token)
                {
                    continue;
                }
                var sign = text.AsSpan(token.From, token.To - token.From).IndexOf('@');
                if (sign >= 0)
                {
                    return (sign > 0 || at > word.First) && (token.From + sign + 1 < token.To || at + 1 < word.End);
                }
            }
            return false;
        }

        /// <summary>Returns the word as it was written, without comments and blanks.</summary>
        private string Written((int First, int End) word)
        {
            var written = new StringBuilder();
            for (var at = word.First; at < word.End; at++)
            {
                if (_tokens[at].Kind is not (AddressTokenKind.Blank or AddressTokenKind.Comment))
                {
                    written.Append(text, _tokens[at].From, _tokens[at].To - _tokens[at].From);
                }
            }
            return written.ToString();
        }

        private string Address(string written)
        {
            var address = written.Trim();
            if (address.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase))
            {
                address = address[7..];
            }
            address = address.Length > 2 && address[0] == '\'' && address[^1] == '\'' ? address[1..^1] : address;
            address = address is ['[', .., ']'] or ['{', .., '}'] ? address[1..^1] : address.TrimStart('>').TrimEnd('>');
            return HeaderText.Clean(isDecoded ? address : EncodedWords.Decode(address, hint));
        }

        /// <summary>Removes the list of relays before the address, which is ignored (RFC 5322 section 4.4).</summary>
        private static string AfterRoute(string content)
        {
            var colon = content.StartsWith('@') ? content.IndexOf(':', StringComparison.Ordinal) : -1;
            return content[(colon + 1)..].Trim();
        }

        /// <summary>Returns the name as it was written, without quotation marks. The name of a lone comment is its content. Null if there is no name.</summary>
        private string? Name(int first, int end, bool onlyComments = false)
        {
            var isComment = !_tokens.Any(first, end, AddressTokenKind.Word, AddressTokenKind.Quoted, AddressTokenKind.EncodedWord);
            if (onlyComments && !isComment)
            {
                return null;
            }
            var written = new StringBuilder();
            for (var at = first; at < end; at++)
            {
                var token = _tokens[at];
                var part = text.AsSpan(token.From, token.To - token.From);
                if (token.Kind == AddressTokenKind.Quoted || (token.Kind == AddressTokenKind.Comment && isComment))
                {
                    // The closing mark is missing because brackets have taken it.
                    Unescape(part.Length > 1 && (part[^1] is '"' or ')') ? part[1..^1] : part[1..], written);
                }
                else
                {
                    written.Append(token.Kind == AddressTokenKind.Bracketed ? " " : part);
                }
            }
            var name = HeaderText.Clean(isDecoded ? written.ToString() : EncodedWords.Decode(written.ToString(), hint));
            name = _tokens.HasQuotes ? name : name.Trim('"').Trim();
            return name.Length == 0 ? null : name;
        }

        private static void Unescape(ReadOnlySpan<char> quoted, StringBuilder plain)
        {
            for (var at = 0; at < quoted.Length; at++)
            {
                if (quoted[at] == '\\' && at + 1 < quoted.Length)
                {
                    at++;
                }
                plain.Append(quoted[at]);
            }
        }
    }
}
