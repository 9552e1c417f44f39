using static ImapGateway.IntegrationTests.Servers.Scripted.MailboxCommands;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>Commands on messages of the selected mailbox (RFC 9051 section 6.4).</summary>
internal static class MessageCommands
{
    /// <summary>The tagged answer without its tag, or null if the command is none of these.</summary>
    public static string? Run(ScriptedSession session, SelectedView view, ScriptedCommand command)
    {
        switch (command.Name)
        {
            case "FETCH" or "UID FETCH":
                return FetchCommand.Run(session, view, command);
            case "SEARCH" or "UID SEARCH":
                return SearchCommand.Run(session, view, command);
            case "STORE" or "UID STORE":
                return view.ReadOnly ? "NO read only" : Store(session, view, command);
            case "COPY" or "UID COPY":
                return Copy(session.Server, view, command, move: false);
            case "MOVE" or "UID MOVE" when session.Server.Options.Has("MOVE"):
                return Copy(session.Server, view, command, move: true, session);
            case "EXPUNGE":
                return Expunge(session.Server, view, _ => true);
            case "UID EXPUNGE" when session.Server.Options.Has("UIDPLUS"):
                var some = view.Find(command[0], uids: true).Select(m => m.Message).ToHashSet();
                return Expunge(session.Server, view, some.Contains);
            case "CLOSE":
                var closed = view.ReadOnly ? "OK closed" : Expunge(session.Server, view, _ => true);
                session.View = null;
                return closed;
            case "UNSELECT":
                session.View = null;
                return "OK done";
            default:
                return null;
        }
    }

    private static string Store(ScriptedSession session, SelectedView view, ScriptedCommand command)
    {
        var arguments = command.Arguments.ToList();
        var unchangedSince = long.MaxValue;
        if (arguments[1].IsList)
        {
            unchangedSince = long.Parse(arguments[1].List![1].Text, System.Globalization.CultureInfo.InvariantCulture);
            arguments.RemoveAt(1);
        }

        var item = arguments[1].Text.ToUpperInvariant();
        var words = arguments.Skip(2).SelectMany(a => a.Words).ToArray();
        var failed = new List<string>();
        foreach (var (sequence, message) in view.Find(command[0], command.IsUid))
        {
            if (message.ModSeq > unchangedSince)
            {
                failed.Add(Number(command.IsUid ? message.Uid : sequence));
                continue;
            }

            session.Server.Change(() => Apply(item, item.Contains("X-GM-LABELS", StringComparison.Ordinal) ? message.GmailLabels : message.Flags, words));
            view.Mailbox.Touch(message);
            view.Knows(message);
            if (!item.EndsWith(".SILENT", StringComparison.Ordinal) || session.CondStore)
            {
                session.Say(FetchCommand.FlagsOf(session, sequence, message, withUid: command.IsUid));
            }
        }

        return failed.Count == 0 ? "OK done" : $"OK [MODIFIED {string.Join(',', failed)}] some had changed";
    }

    private static bool Apply(string item, SortedSet<string> set, string[] words)
    {
        if (item[0] is not ('+' or '-'))
        {
            set.Clear();
        }

        if (item[0] == '-')
        {
            set.ExceptWith(words);
        }
        else
        {
            set.UnionWith(words);
        }

        return true;
    }

    private static string Copy(ScriptedImapServer server, SelectedView view, ScriptedCommand command, bool move, ScriptedSession? session = null)
    {
        if (server.Find(command[1]) is not { } target)
        {
            return "NO [TRYCREATE] no such mailbox";
        }

        var (from, to) = (new List<string>(), new List<string>());
        foreach (var (_, message) in view.Find(command[0], command.IsUid).Where(m => view.Mailbox.Messages.Contains(m.Message)))
        {
            from.Add(Number(message.Uid));
            to.Add(Number(target.Add(message.CopyAs).Uid));
            if (move)
            {
                view.Mailbox.Remove(message);
            }
        }

        var code = server.Options.Has("UIDPLUS") && from.Count > 0 ? $"[COPYUID {Number(target.UidValidity)} {string.Join(',', from)} {string.Join(',', to)}] " : "";
        if (!move)
        {
            return $"OK {code}copied";
        }

        // RFC 6851 section 4.3: the code comes before the EXPUNGE lines.
        session!.Say($"* OK {code}moved");
        return "OK done";
    }

    private static string Expunge(ScriptedImapServer server, SelectedView view, Func<ScriptedMessage, bool> among)
    {
        if (view.ReadOnly)
        {
            return "NO read only";
        }

        foreach (var message in server.Locked(() => view.Mailbox.Stored.Where(m => m.Flags.Contains(@"\Deleted") && among(m)).ToArray()))
        {
            view.Mailbox.Remove(message);
        }

        return "OK done";
    }
}
