using System.Collections.Immutable;

namespace ImapGateway.Settings;

/// <summary>The gateway cannot start for reasons its operator can correct: one line each, printed without a stack trace.</summary>
public sealed class StartupException(ImmutableArray<string> lines) : Exception(string.Join(Environment.NewLine, lines))
{
    public StartupException(string line) : this([line]) { }

    public ImmutableArray<string> Lines => lines;

    /// <summary>For stderr: a single reason is a single line.</summary>
    public string Report => "The gateway cannot start:" + (lines is [var only] ? " " + only : string.Concat(lines.Select(line => Environment.NewLine + "  " + line)));
}
