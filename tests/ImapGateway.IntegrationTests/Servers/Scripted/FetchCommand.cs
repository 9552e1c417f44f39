using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using static ImapGateway.IntegrationTests.Servers.Scripted.MailboxCommands;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>FETCH (RFC 9051 section 6.4.5).</summary>
internal static partial class FetchCommand
{
    public static string Run(ScriptedSession session, SelectedView view, ScriptedCommand command)
    {
        var items = command.Arguments[1].Words.SelectMany(Macro).ToList();
        var changedSince = ChangedSince(command.Arguments);
        if (command.IsUid && !items.Contains("UID"))
        {
            items.Insert(0, "UID");
        }

        session.CondStore |= items.Contains("MODSEQ") || changedSince > 0;
        if (changedSince > 0 && !items.Contains("MODSEQ"))
        {
            items.Add("MODSEQ");
        }

        items = session.Server.Options.ItemOrder?.Invoke(items).ToList() ?? items;
        foreach (var (sequence, message) in view.Find(command[0], command.IsUid).Where(m => m.Message.ModSeq > changedSince))
        {
            MarkSeen(view, message, items);
            session.SayOctets(Encoding.Latin1.GetBytes($"* {Number(sequence)} FETCH ("));
            for (var i = 0; i < items.Count; i++)
            {
                session.SayOctets(i == 0 ? [] : " "u8);
                session.SayOctets(Item(session, message, items[i]));
            }

            session.Say(")");
        }

        return "OK done";
    }

    public static string FlagsOf(ScriptedSession session, int sequence, ScriptedMessage message, bool withUid) =>
        $"* {Number(sequence)} FETCH ({(withUid ? $"UID {Number(message.Uid)} " : "")}FLAGS ({string.Join(' ', message.Flags)}){(session.CondStore ? $" MODSEQ ({ModSeq(session, message)})" : "")})";

    private static IEnumerable<string> Macro(string item) => item.ToUpperInvariant() switch
    {
        "FAST" => ["FLAGS", "INTERNALDATE", "RFC822.SIZE"],
        "ALL" => ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"],
        "FULL" => ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"],
        var one => [one],
    };

    private static long ChangedSince(IReadOnlyList<ImapValue> arguments)
    {
        var words = arguments.Count > 2 ? arguments[2].Words.ToList() : [];
        var at = words.FindIndex(word => word.Equals("CHANGEDSINCE", StringComparison.OrdinalIgnoreCase));
        return at < 0 ? 0 : long.Parse(words[at + 1], CultureInfo.InvariantCulture);
    }

    private static void MarkSeen(SelectedView view, ScriptedMessage message, List<string> items)
    {
        if (!view.ReadOnly && items.Exists(item => item is "RFC822" or "RFC822.TEXT" || item.StartsWith("BODY[", StringComparison.Ordinal)) && message.Flags.Add(@"\Seen"))
        {
            view.Mailbox.Touch(message);
        }
    }

    private static byte[] Item(ScriptedSession session, ScriptedMessage message, string item) => item switch
    {
        _ when message.Said.TryGetValue(item, out var said) => Encoding.Latin1.GetBytes($"{item} {said}"),
        "RFC822" => Literal(item, message.Octets),
        "RFC822.HEADER" => Literal(item, MessageSection.Of(message.Octets, "HEADER")),
        "RFC822.TEXT" => Literal(item, MessageSection.Of(message.Octets, "TEXT")),
        _ when Section().Match(item) is { Success: true } match => Section(message, match),
        _ => Encoding.Latin1.GetBytes($"{item} {Value(session, message, item)}"),
    };

    private static string Value(ScriptedSession session, ScriptedMessage message, string item) => item switch
    {
        "UID" => Number(message.Uid),
        "FLAGS" => $"({string.Join(' ', message.Flags)})",
        "INTERNALDATE" => $"\"{message.ReceivedAt.ToString("dd-MMM-yyyy HH:mm:ss", CultureInfo.InvariantCulture)} {message.ReceivedAt.ToString("zzz", CultureInfo.InvariantCulture).Replace(":", "", StringComparison.Ordinal)}\"",
        "RFC822.SIZE" => Number(message.Size ?? message.Octets.Length),
        "ENVELOPE" => message.Envelope ?? MessageStructure.Envelope(message.Octets),
        "BODY" or "BODYSTRUCTURE" => message.BodyStructure ?? MessageStructure.Body(message.Octets),
        "MODSEQ" => $"({ModSeq(session, message)})",
        "EMAILID" => $"({message.EmailId})",
        "THREADID" => message.ThreadId is null ? "NIL" : $"({message.ThreadId})",
        "X-GM-MSGID" => Number(message.GmailMessageId),
        "X-GM-THRID" => Number(message.GmailMessageId),
        "X-GM-LABELS" => $"({string.Join(' ', message.GmailLabels.Select(Quoted))})",
        _ => "NIL",
    };

    private static string ModSeq(ScriptedSession session, ScriptedMessage message) => Number(session.Server.Options.OnlyModSeq ?? message.ModSeq);

    private static byte[] Section(ScriptedMessage message, Match match)
    {
        var octets = MessageSection.Of(message.Octets, match.Groups["section"].Value);
        var name = $"BODY[{match.Groups["section"].Value}]";
        if (octets is null || !match.Groups["from"].Success)
        {
            return Literal(name, octets);
        }

        var from = (int)Math.Min(long.Parse(match.Groups["from"].ValueSpan, CultureInfo.InvariantCulture), octets.Length);
        var length = (int)Math.Min(long.Parse(match.Groups["length"].ValueSpan, CultureInfo.InvariantCulture), octets.Length - from);
        return Literal($"{name}<{from}>", octets[from..(from + length)]);
    }

    private static byte[] Literal(string name, byte[]? octets) =>
        octets is null ? Encoding.Latin1.GetBytes($"{name} NIL") : [.. Encoding.Latin1.GetBytes($"{name} {{{Number(octets.Length)}}}\r\n"), .. octets];

    [GeneratedRegex(@"^BODY(?:\.PEEK)?\[(?<section>.*)\](?:<(?<from>\d+)\.(?<length>\d+)>)?$")]
    private static partial Regex Section();
}
