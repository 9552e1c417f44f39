using System.Globalization;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>Servers that cannot answer for single messages.</summary>
public static class Refusals
{
    /// <summary>In place of an answer: the connection is closed.</summary>
    public const string Closes = "closes the connection";

    /// <summary>Nothing is answered any more on the connection.</summary>
    public const string Hangs = "hangs";

    /// <summary>The message is left out of an answer that ends with OK.</summary>
    public const string SaysNothing = "says nothing";

    /// <summary>From now on a UID FETCH that reads these messages is refused, whatever other messages it names.</summary>
    /// <param name="how"><see cref="Closes"/>, <see cref="Hangs"/>, <see cref="SaysNothing"/>, or the tagged answer without its tag.</param>
    /// <param name="uids">The messages; none: all can be read again.</param>
    /// <param name="reads">Which commands read a message; null: those that ask for header, structure or text.</param>
    public static void Refuse(this ScriptedImapServer server, string how, IReadOnlyCollection<uint> uids, Func<ScriptedCommand, bool>? reads = null) => server.On("UID FETCH", async (session, command, proceed) =>
    {
        var named = Uids(command[0]).ToList();
        if (!named.Intersect(uids).Any() || !(reads?.Invoke(command) ?? Reads(command)))
        {
            await proceed();
            return;
        }
        var left = named.Except(uids).ToList();
        switch (how)
        {
            case Closes:
                session.Close();
                break;
            case Hangs:
                await session.Silence();
                break;
            case SaysNothing when left.Count > 0:
                var set = string.Join(',', left.Select(uid => uid.ToString(CultureInfo.InvariantCulture)));
                await ScriptedCommands.Run(session, command with { Arguments = [new ImapValue(set), .. command.Arguments.Skip(1)] });
                break;
            case SaysNothing:
                session.Say($"{command.Tag} OK done");
                break;
            default:
                session.Say($"{command.Tag} {how}");
                break;
        }
    });

    /// <summary>The command asks for header, structure or text.</summary>
    public static bool Reads(ScriptedCommand command) => command.ToString().Contains("BODY", StringComparison.Ordinal);

    /// <summary>The uids of a set without a star.</summary>
    public static IEnumerable<uint> Uids(string set)
    {
        foreach (var range in set.Split(','))
        {
            var ends = range.Split(':').Select(end => uint.Parse(end, CultureInfo.InvariantCulture)).ToArray();
            for (var uid = ends.Min(); uid <= ends.Max(); uid++)
            {
                yield return uid;
            }
        }
    }
}
