using System.Globalization;
using System.Text.RegularExpressions;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>Commands on mailboxes as a whole (RFC 9051 section 6.3).</summary>
internal static class MailboxCommands
{
    /// <summary>The tagged answer without its tag, or null if the command is none of these.</summary>
    public static string? Run(ScriptedSession session, ScriptedCommand command)
    {
        var server = session.Server;
        switch (command.Name)
        {
            case "LIST" or "LSUB":
            case "XLIST" when server.Options.Has("XLIST"):
                return List(session, command);
            case "CREATE":
                return server.Find(command[0]) is not null ? "NO [ALREADYEXISTS] it exists" : Done(server.AddMailbox(command[0].TrimEnd(server.Options.Delimiter)));
        }

        if (command.Name is not ("SELECT" or "EXAMINE" or "STATUS" or "DELETE" or "RENAME" or "SUBSCRIBE" or "UNSUBSCRIBE" or "APPEND"))
        {
            return null;
        }

        if (server.Find(command[0]) is not { } mailbox)
        {
            return command.Name == "APPEND" ? "NO [TRYCREATE] no such mailbox" : "NO [NONEXISTENT] no such mailbox";
        }

        switch (command.Name)
        {
            case "SELECT" or "EXAMINE":
                return mailbox.Attributes.Contains(@"\Noselect") ? "NO cannot be selected" : Select(session, mailbox, readOnly: command.Name == "EXAMINE", command);
            case "STATUS":
                session.Say(Status(server, mailbox, command.Arguments[1].Words));
                return "OK done";
            case "DELETE":
                return server.Change(() => server.Mailboxes.Remove(mailbox)) ? "OK done" : "NO gone";
            case "RENAME":
                return server.Find(command[1]) is not null ? "NO [ALREADYEXISTS] it exists" : Rename(server, mailbox.Name, command[1]);
            case "APPEND":
                return Append(server, mailbox, command.Arguments);
            default:
                mailbox.Subscribed = command.Name == "SUBSCRIBE";
                return "OK done";
        }
    }

    public static string Number(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);

    public static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static string Done(object _) => "OK done";

    private static string List(ScriptedSession session, ScriptedCommand command)
    {
        var server = session.Server;
        var arguments = command.Arguments.ToList();
        var selection = arguments.Count > 0 && arguments[0].IsList ? arguments[0].Words.Select(word => word.ToUpperInvariant()).ToArray() : [];
        arguments.RemoveAll(a => a == arguments[0] && a.IsList);
        if (arguments is [_, { IsList: false, Text: "" }, ..])
        {
            session.Say($"* {command.Name} (\\Noselect) \"{server.Options.Delimiter}\" \"\"");
            return "OK done";
        }

        var patterns = arguments[1].Words.Select(pattern => Pattern(arguments[0].Text + pattern, server.Options.Delimiter)).ToArray();
        var status = StatusItems(arguments);
        foreach (var mailbox in server.Locked(() => server.Mailboxes.ToArray()).Where(m => patterns.Any(pattern => pattern.IsMatch(m.Name))))
        {
            var wanted = (command.Name != "LSUB" && !selection.Contains("SUBSCRIBED")) || mailbox.Subscribed;
            if (!wanted || (selection.Contains("SPECIAL-USE") && mailbox.SpecialUse is null))
            {
                continue;
            }

            session.Say($"* {command.Name} ({string.Join(' ', Attributes(server, mailbox, command.Name))}) \"{server.Options.Delimiter}\" {Quoted(mailbox.Name)}");
            if (status.Length > 0 && !mailbox.Attributes.Contains(@"\Noselect"))
            {
                session.Say(Status(server, mailbox, status));
            }
        }

        return "OK done";
    }

    private static string[] StatusItems(List<ImapValue> arguments)
    {
        var returns = arguments.FindIndex(a => a.Is("RETURN"));
        var options = returns < 0 ? [] : arguments[returns + 1].List!.ToList();
        var at = options.FindIndex(option => option.Is("STATUS"));
        return at < 0 ? [] : [.. options[at + 1].Words];
    }

    private static IEnumerable<string> Attributes(ScriptedImapServer server, ScriptedMailbox mailbox, string command)
    {
        var below = mailbox.Name + server.Options.Delimiter;
        var children = server.Mailboxes.Exists(other => other.Name.StartsWith(below, StringComparison.Ordinal));
        var role = command == "XLIST" && mailbox.Name == "INBOX" ? @"\Inbox" : mailbox.SpecialUse;
        var showRole = role is not null && (command == "XLIST" || server.Options.Has("SPECIAL-USE"));
        return [.. mailbox.Attributes, children ? @"\HasChildren" : @"\HasNoChildren", .. showRole ? [role!] : Array.Empty<string>(), .. mailbox.Subscribed && command == "LIST" && server.Options.Has("LIST-EXTENDED") ? [@"\Subscribed"] : Array.Empty<string>()];
    }

    private static Regex Pattern(string pattern, char delimiter) => new(
        "^" + Regex.Escape(pattern).Replace(@"\*", ".*", StringComparison.Ordinal).Replace("%", $"[^{Regex.Escape(delimiter.ToString())}]*", StringComparison.Ordinal) + "$",
        pattern.Equals("INBOX", StringComparison.OrdinalIgnoreCase) ? RegexOptions.IgnoreCase : RegexOptions.None);

    private static string Status(ScriptedImapServer server, ScriptedMailbox mailbox, IEnumerable<string> items)
    {
        var values = server.Locked(() => items.Select(item => item.ToUpperInvariant()).Select(item => (item, value: item switch
        {
            "MESSAGES" => Number(mailbox.Stored.Count),
            "RECENT" => "0",
            "UNSEEN" => Number(mailbox.Stored.Count(message => !message.Flags.Contains(@"\Seen"))),
            "UIDNEXT" => Number(mailbox.UidNext),
            "UIDVALIDITY" => Number(mailbox.UidValidity),
            "HIGHESTMODSEQ" => Number(mailbox.HighestModSeq),
            "MAILBOXID" => $"({mailbox.MailboxId})",
            "SIZE" => Number(mailbox.Stored.Sum(message => (long)message.Octets.Length)),
            _ => null,
        })).Where(pair => pair.value is not null).Select(pair => $"{pair.item} {pair.value}").ToArray());
        return $"* STATUS {Quoted(mailbox.Name)} ({string.Join(' ', values)})";
    }

    private static string Select(ScriptedSession session, ScriptedMailbox mailbox, bool readOnly, ScriptedCommand command)
    {
        var options = session.Server.Options;
        session.CondStore |= command.Arguments.Any(argument => argument.IsList && argument.Words.Contains("CONDSTORE", StringComparer.OrdinalIgnoreCase));
        return session.Server.Locked(() =>
        {
            session.View = new SelectedView(mailbox, readOnly);
            session.Say(@"* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)");
            session.Say($"* OK [PERMANENTFLAGS ({(readOnly ? "" : mailbox.PermanentFlags)})] permanent");
            session.Say($"* {Number(mailbox.Stored.Count)} EXISTS");
            session.Say("* 0 RECENT");
            session.Say($"* OK [UIDVALIDITY {Number(mailbox.UidValidity)}] valid");
            if (options.SelectTellsUidNext)
            {
                session.Say($"* OK [UIDNEXT {Number(mailbox.UidNext)}] next");
            }

            if (options.Has("CONDSTORE"))
            {
                session.Say($"* OK [HIGHESTMODSEQ {Number(mailbox.HighestModSeq)}] highest");
            }

            if (options.Has("OBJECTID"))
            {
                session.Say($"* OK [MAILBOXID ({mailbox.MailboxId})] id");
            }

            return readOnly ? "OK [READ-ONLY] examined" : "OK [READ-WRITE] selected";
        });
    }

    private static string Rename(ScriptedImapServer server, string from, string to) => server.Change(() =>
    {
        var below = from + server.Options.Delimiter;
        foreach (var mailbox in server.Mailboxes.Where(m => m.Name == from || m.Name.StartsWith(below, StringComparison.Ordinal)))
        {
            mailbox.Name = to + mailbox.Name[from.Length..];
        }

        return "OK done";
    });

    private static string Append(ScriptedImapServer server, ScriptedMailbox mailbox, IReadOnlyList<ImapValue> arguments)
    {
        var flags = arguments.Skip(1).FirstOrDefault(a => a.IsList)?.Words.ToArray() ?? [];
        var date = arguments.Count > 2 && DateTimeOffset.TryParse(arguments[^2].Text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var given) ? given : DateTimeOffset.UtcNow;
        var octets = System.Text.Encoding.Latin1.GetBytes(arguments[^1].Text);
        var message = mailbox.Add(uid => new ScriptedMessage(uid, octets) { ReceivedAt = date }, flags);
        return server.Options.Has("UIDPLUS") ? $"OK [APPENDUID {Number(mailbox.UidValidity)} {Number(message.Uid)}] done" : "OK done";
    }
}
