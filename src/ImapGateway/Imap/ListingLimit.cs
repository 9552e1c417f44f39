using System.Buffers;
using System.Buffers.Text;

namespace ImapGateway.Imap;

/// <summary>
/// Limits how many mailboxes a server can list. Works on the answers to LIST, XLIST and LSUB while they arrive: lines beyond the limit are left out before they reach MailKit, which would keep
/// about a kilobyte for each of them. The inbox, mailboxes with a role and those that are known already are always kept; of the others, those that come first.
/// Lines that MailKit cannot parse are repaired or left out, because it closes the connection at such a line.
/// </summary>
/// <param name="most">The maximum number of mailboxes of an account.</param>
public sealed class ListingLimit(int most)
{
    /// <summary>The maximum number of mailboxes with a role that are kept although they come after the limit was reached.</summary>
    private const int MostWithRole = 100;

    /// <summary>The longest line of the answer with all its literals. RFC 3501 has no limit; names are shorter than this on every server.</summary>
    private const int LongestLine = 16 * 1024;

    /// <summary>The maximum number of octets of an encoded name. File systems end at 255 for each level; a mailbox with a longer name is left out.</summary>
    public const int LongestName = 2_000;

    /// <summary>The maximum number of octets of all names of a listing; mailboxes beyond it are left out.</summary>
    public const long MostOctetsOfNames = 8L << 20;

    /// <summary>The maximum number of octets that are left out of one listing: one million mailboxes with their counters take about 150 MB.</summary>
    private const long MostOctetsLeftOut = 256L << 20;

    /// <summary>The maximum number of lines that are left out of one listing.</summary>
    private const int MostLinesLeftOut = 2_500_000;

    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly HashSet<string> _kept = new(StringComparer.Ordinal);
    private readonly HashSet<string> _counted = new(StringComparer.Ordinal);
    private Known? _known;
    private bool _collecting;
    private bool _lists;
    private int _literal;
    private int _room;
    private int _roomForRoles;
    private int _subscriptions;
    private int _linesLeftOut;
    private long _octetsLeftOut;
    private long _octetsOfNames;

    /// <summary>The mailboxes that the account has already, for <see cref="Collect"/>.</summary>
    /// <param name="Has">True if the account has a mailbox with this decoded path.</param>
    /// <param name="HasRole">True if the last segment of a decoded path alone gives the mailbox a role.</param>
    public sealed record Known(int Count, Func<string, bool> Has, Func<string, bool> HasRole);

    /// <summary>The maximum number of mailboxes that an account can have.</summary>
    public int Most => most;

    /// <summary>The number of mailboxes that were left out since <see cref="Collect"/>.</summary>
    public int LeftOut { get; private set; }

    /// <summary>The number of lines since <see cref="Collect"/> that list a mailbox without a name that can be read.</summary>
    public int Unreadable { get; private set; }

    /// <summary>
    /// The decoded paths of the mailboxes whose STATUS was in the last answers to LIST, or in the answer to NOTIFY. Servers leave out mailboxes that they cannot count (RFC 5819 section 2) or that
    /// NOTIFY does not cover (RFC 5465 section 3.1), and MailKit then keeps the counters of an earlier answer.
    /// </summary>
    public IReadOnlySet<string> Counted => _counted;

    /// <summary>True while an answer that may have to be cut is arriving, or the end of a line that has begun to arrive before.</summary>
    public bool IsActive => _lists || _line.WrittenCount > 0;

    /// <summary>Treats the next commands as one listing: the limit applies to their answers together.</summary>
    /// <returns>An object whose disposal ends the listing.</returns>
    public IDisposable Collect(Known known)
    {
        Reset(known);
        _collecting = true;
        return new Collecting(this);
    }

    /// <param name="command">The command as it is sent, without its tag.</param>
    public void Sent(ReadOnlySpan<byte> command)
    {
        _lists = command.StartsWith("LIST"u8) || command.StartsWith("LSUB"u8) || command.StartsWith("XLIST"u8) || command.StartsWith("NOTIFY"u8);
        if (_lists && !_collecting)
        {
            Reset(null);
        }
    }

    /// <summary>Filters octets that follow those of the previous call, and appends those for MailKit to <paramref name="passed"/>.</summary>
    /// <exception cref="FloodException">The answer has no end.</exception>
    public void Filter(ReadOnlySpan<byte> octets, IBufferWriter<byte> passed)
    {
        while (!octets.IsEmpty)
        {
            var length = _literal > 0 ? Math.Min(_literal, octets.Length) : octets.IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : octets.Length;
            Take(octets[..length], passed);
            octets = octets[length..];
        }
        if (_octetsLeftOut > MostOctetsLeftOut || _linesLeftOut > MostLinesLeftOut)
        {
            throw new FloodException("The mail server lists mailboxes without end.");
        }
    }

    private void Take(ReadOnlySpan<byte> octets, IBufferWriter<byte> passed)
    {
        var isLine = _literal == 0;
        _literal -= isLine ? 0 : octets.Length;
        _line.Write(octets);
        if (_line.WrittenCount > LongestLine)
        {
            throw new FloodException("The mail server sends a line without end.");
        }
        if (!isLine || octets[^1] != '\n')
        {
            return;
        }
        var line = _line.WrittenSpan;
        var entry = ListingLine.Parse(line);
        if (entry is not null && LiteralAtEnd(line) is { } literal)
        {
            _literal = literal <= LongestLine ? literal : throw new FloodException("The mail server sends a mailbox name without end.");
            return;
        }
        if (entry is { IsWellFormed: false })
        {
            line = entry.Repaired();
            Unreadable += line.IsEmpty && entry.Kind == ListingLineKind.Listed ? 1 : 0;
        }
        if (!line.IsEmpty && (entry is null || IsKept(entry)))
        {
            passed.Write(line);
        }
        else
        {
            _linesLeftOut++;
            _octetsLeftOut += _line.WrittenCount;
        }
        _line.ResetWrittenCount();
    }

    private bool IsKept(ListingLine entry)
    {
        switch (entry.Kind)
        {
            case ListingLineKind.Status:
                var isKept = LeftOut == 0 || _kept.Contains(entry.Name);
                if (isKept && _counted.Count < Math.Max(most, _known?.Count ?? 0) + MostWithRole)
                {
                    _counted.Add(ModifiedUtf7.Decode(entry.Name));
                }
                return isKept;
            case ListingLineKind.Subscribed:
                return (LeftOut == 0 || _kept.Contains(entry.Name)) && ++_subscriptions <= most + MostWithRole;
        }
        if (_kept.Contains(entry.Name))
        {
            return true;
        }
        var path = entry.Name.Length <= LongestName ? ModifiedUtf7.Decode(entry.Name) : null;
        var isListed = path is not null && (_known?.Has(path) == true
            || _octetsOfNames + entry.Name.Length <= MostOctetsOfNames && (_room-- > 0 || (entry.HasRole || _known?.HasRole(entry.LastSegment(path)) == true) && _roomForRoles-- > 0));
        if (isListed)
        {
            _kept.Add(entry.Name);
            _octetsOfNames += entry.Name.Length;
        }
        else
        {
            LeftOut++;
        }
        return isListed;
    }

    private static int? LiteralAtEnd(ReadOnlySpan<byte> line)
    {
        var text = line.TrimEnd("\r\n"u8);
        var begin = text.LastIndexOf((byte)'{');
        return begin >= 0 && text[^1] == '}' && Utf8Parser.TryParse(text[(begin + 1)..^1].TrimEnd((byte)'+'), out uint length, out var used) && used > 0
            ? (int)Math.Min(length, int.MaxValue) : null;
    }

    private void Reset(Known? known)
    {
        _known = known;
        _kept.Clear();
        _counted.Clear();
        (_room, _roomForRoles) = (Math.Max(0, most - (known?.Count ?? 0)), MostWithRole);
        (_subscriptions, _linesLeftOut, _octetsLeftOut, _octetsOfNames, LeftOut, Unreadable) = (0, 0, 0, 0, 0, 0);
    }

    private sealed class Collecting(ListingLimit limit) : IDisposable
    {
        public void Dispose()
        {
            limit._collecting = false;
            limit.Reset(null);
        }
    }
}
