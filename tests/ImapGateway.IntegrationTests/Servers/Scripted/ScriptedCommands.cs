using System.Text;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>Which code answers which command, and the commands that need no mailbox.</summary>
internal static class ScriptedCommands
{
    public static async Task Run(ScriptedSession session, ScriptedCommand command)
    {
        switch (command.Name)
        {
            case "LOGIN":
                Login(session, command, command[1]);
                return;
            case "AUTHENTICATE":
                await Authenticate(session, command);
                return;
            case "LOGOUT":
                session.Say("* BYE logging out");
                session.Say($"{command.Tag} OK done");
                session.Close();
                return;
            case "IDLE" when session.Server.Options.Has("IDLE"):
                await Idle(session, command);
                return;
            case "CAPABILITY":
                session.Say($"* CAPABILITY {(session.IsEncrypted ? null : session.Server.Options.CapabilitiesInClear) ?? session.Server.Options.Capabilities}");
                break;
            case "STARTTLS" when session.Server.Options.CapabilitiesInClear is not null && !session.IsEncrypted:
                session.Say($"{command.Tag} OK begin");
                await session.Encrypt();
                return;
            case "ID":
                session.Say("* ID (\"name\" \"scripted\")");
                break;
            case "ENABLE":
                session.CondStore = true;
                session.Say("* ENABLED CONDSTORE");
                break;
            case "NAMESPACE":
                session.Say($"* NAMESPACE ((\"\" \"{session.Server.Options.Delimiter}\")) NIL NIL");
                break;
            case "NOOP" or "CHECK":
                break;
            default:
                session.Say($"{command.Tag} {(session.IsAuthenticated ? InMailboxes(session, command) : "NO log in first")}");
                return;
        }

        session.Tell();
        session.Say($"{command.Tag} OK done");
    }

    private static string InMailboxes(ScriptedSession session, ScriptedCommand command)
    {
        var answer = session.Server.Locked(() =>
            MailboxCommands.Run(session, command) ?? (session.View is null ? "BAD select a mailbox first" : MessageCommands.Run(session, session.View, command)));
        if (answer is null)
        {
            return session.Server.Options.SaysNoToUnknownCommands ? "NO unknown command" : "BAD unknown command";
        }

        // RFC 9051 section 7.5.1: no EXPUNGE while sequence numbers are in use.
        session.Tell(mayExpunge: command.Name is not ("FETCH" or "STORE" or "SEARCH"));
        return answer;
    }

    private static void Login(ScriptedSession session, ScriptedCommand command, string password)
    {
        var options = session.Server.Options;
        var answer = options.LoginAnswer
            ?? (session.Server.OpenConnections > options.MaxConnections ? options.LimitAnswer
            : password == options.Password ? "OK logged in"
            : "NO [AUTHENTICATIONFAILED] wrong user name or password");
        session.IsAuthenticated = answer.StartsWith("OK", StringComparison.Ordinal);
        session.Say($"{command.Tag} {answer}");
    }

    private static async Task Authenticate(ScriptedSession session, ScriptedCommand command)
    {
        var response = command[1];
        if (response.Length == 0)
        {
            session.Say("+ ");
            await session.Flush();
            response = await session.ReadLine() ?? "";
        }

        // PLAIN ends with the password (RFC 4616); a token counts as one.
        var secret = Encoding.UTF8.GetString(Convert.FromBase64String(response)).Split('\0', '\x01').Last(part => part.Length > 0);
        Login(session, command, secret.Replace("auth=Bearer ", "", StringComparison.OrdinalIgnoreCase));
    }

    private static async Task Idle(ScriptedSession session, ScriptedCommand command)
    {
        session.Say("+ idling");
        var done = session.ReadLine();
        while (!done.IsCompleted)
        {
            var changed = session.Server.Changed;
            session.Tell();
            await session.Flush();
            await Task.WhenAny(done, changed);
        }

        session.Say(await done is null ? "* BYE" : $"{command.Tag} OK done");
    }
}
