using System.Text.RegularExpressions;

namespace ImapGateway.IntegrationTests.Servers;

/// <summary>One line of a tapped connection; a literal shows as its size only.</summary>
/// <param name="Connection">1 for the proxy's first connection, and so on.</param>
/// <param name="FromClient">Whose line it is.</param>
/// <param name="Text">Without the line end.</param>
public sealed partial record TapLine(int Connection, bool FromClient, string Text)
{
    /// <summary>The command in upper case, e.g. <c>FETCH</c>, <c>UID FETCH</c>, <c>DONE</c>; null for server lines and continuations.</summary>
    public string? Command { get; } = FromClient ? CommandOf(Text) : null;

    public override string ToString() => $"{Connection} {(FromClient ? "C" : "S")}: {Text}";

    private static string? CommandOf(string text)
    {
        if (text.Equals("DONE", StringComparison.OrdinalIgnoreCase))
        {
            return "DONE";
        }

        var match = TaggedCommand().Match(text);
        return match.Success ? match.Groups[1].Value.ToUpperInvariant() : null;
    }

    [GeneratedRegex(@"^[A-Za-z]+[0-9]+ ((?:UID )?[A-Za-z]+)", RegexOptions.IgnoreCase)]
    private static partial Regex TaggedCommand();
}

/// <summary>What happens to a client's command at the proxy.</summary>
public enum TapAction
{
    Pass,

    /// <summary>The connection is reset; the server never sees the command.</summary>
    Cut,

    /// <summary>The server never sees the command; the connection stays, and the client hears nothing.</summary>
    Swallow,
}
