using System.Globalization;
using System.Text;
using MimeKit;
using static ImapGateway.IntegrationTests.Servers.Scripted.MailboxCommands;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>SEARCH (RFC 9051 section 6.4.4), with RETURN where ESEARCH is advertised.</summary>
internal static class SearchCommand
{
    public static string Run(ScriptedSession session, SelectedView view, ScriptedCommand command)
    {
        var keys = new Queue<ImapValue>(command.Arguments);
        var returns = TakeIf(keys, "RETURN") ? keys.Dequeue().Words.ToArray() : null;
        if (returns is not null && !session.Server.Options.Has("ESEARCH"))
        {
            return "BAD unknown search option";
        }

        if (TakeIf(keys, "CHARSET"))
        {
            keys.Dequeue();
        }

        var matches = And(keys, view);
        var found = view.Find("1:*", uids: false).Where(matches.Invoke).Select(m => command.IsUid ? m.Message.Uid : (uint)m.Sequence).ToArray();
        session.Say(returns is null ? $"* SEARCH {string.Join(' ', found.Select(n => Number(n)))}".TrimEnd() : Extended(command, returns, found));
        return "OK done";
    }

    private delegate bool Criterion((int Sequence, ScriptedMessage Message) candidate);

    private static string Extended(ScriptedCommand command, string[] returns, uint[] found)
    {
        var items = (returns.Length == 0 ? ["ALL"] : returns).Select(item => item.ToUpperInvariant() switch
        {
            "COUNT" => $"COUNT {Number(found.Length)}",
            _ when found.Length == 0 => null,
            "MIN" => $"MIN {Number(found[0])}",
            "MAX" => $"MAX {Number(found[^1])}",
            "ALL" => $"ALL {string.Join(',', found.Select(n => Number(n)))}",
            _ => null,
        }).OfType<string>();
        return $"* ESEARCH (TAG \"{command.Tag}\") {(command.IsUid ? "UID " : "")}{string.Join(' ', items)}".TrimEnd();
    }

    private static bool TakeIf(Queue<ImapValue> keys, string word) => keys.TryPeek(out var next) && next.Is(word) && keys.TryDequeue(out _);

    private static Criterion And(Queue<ImapValue> keys, SelectedView view)
    {
        var all = new List<Criterion>();
        while (keys.Count > 0)
        {
            all.Add(Key(keys, view));
        }

        return candidate => all.TrueForAll(criterion => criterion(candidate));
    }

    private static Criterion Key(Queue<ImapValue> keys, SelectedView view)
    {
        var key = keys.Dequeue();
        if (key.IsList)
        {
            return And(new(key.List!), view);
        }

        var word = key.Text.ToUpperInvariant();
        switch (word)
        {
            case "ALL":
                return _ => true;
            case "NOT":
                var not = Key(keys, view);
                return m => !not(m);
            case "OR":
                var (one, other) = (Key(keys, view), Key(keys, view));
                return m => one(m) || other(m);
            case "SEEN" or "ANSWERED" or "FLAGGED" or "DELETED" or "DRAFT":
                return Flag($"\\{word}");
            case "UNSEEN" or "UNANSWERED" or "UNFLAGGED" or "UNDELETED" or "UNDRAFT":
                var unset = Flag($"\\{word[2..]}");
                return m => !unset(m);
            case "KEYWORD":
                return Flag(keys.Dequeue().Text);
            case "UNKEYWORD":
                var unmarked = Flag(keys.Dequeue().Text);
                return m => !unmarked(m);
        }

        if (word[0] is '*' or (>= '0' and <= '9'))
        {
            return In(view, word, uids: false);
        }

        var argument = keys.Dequeue().Text;
        switch (word)
        {
            case "UID":
                return In(view, argument, uids: true);
            case "SINCE" or "BEFORE" or "ON":
                var day = DateTime.ParseExact(argument, ["d-MMM-yyyy", "dd-MMM-yyyy"], CultureInfo.InvariantCulture);
                return m => m.Message.ReceivedAt.Date.CompareTo(day) is var order && word switch { "SINCE" => order >= 0, "ON" => order == 0, _ => order < 0 };
            case "LARGER" or "SMALLER":
                var size = long.Parse(argument, CultureInfo.InvariantCulture);
                return m => word == "LARGER" ? m.Message.Octets.Length > size : m.Message.Octets.Length < size;
            case "MODSEQ":
                var modSeq = long.Parse(argument, CultureInfo.InvariantCulture);
                return m => m.Message.ModSeq >= modSeq;
            case "X-GM-MSGID":
                return m => Number(m.Message.GmailMessageId) == argument;
            case "EMAILID":
                return m => m.Message.EmailId == argument;
            case "HEADER":
                return Header(argument, keys.Dequeue().Text);
            case "TEXT" or "BODY":
                var wanted = Utf8(argument);
                return m => Encoding.UTF8.GetString(m.Message.Octets).Contains(wanted, StringComparison.OrdinalIgnoreCase);
            default:
                return Header(word, argument);
        }
    }

    private static Criterion Flag(string flag) => m => m.Message.Flags.Contains(flag);

    private static Criterion In(SelectedView view, string set, bool uids)
    {
        var members = view.Find(set, uids).Select(m => m.Message).ToHashSet();
        return m => members.Contains(m.Message);
    }

    private static Criterion Header(string name, string value)
    {
        var wanted = Utf8(value);
        return m => MimeMessage.Load(new MemoryStream(m.Message.Octets)).Headers.Any(header =>
            header.Field.Equals(name, StringComparison.OrdinalIgnoreCase) && header.Value.Contains(wanted, StringComparison.OrdinalIgnoreCase));
    }

    private static string Utf8(string octets) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(octets));
}
