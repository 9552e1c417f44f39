using System.Collections.Immutable;

namespace ImapGateway.Settings;

/// <summary>The exception for a start or a command that fails for reasons its operator can correct: one line each, printed without a stack trace.</summary>
public sealed class StartupException(ImmutableArray<string> lines) : Exception(string.Join(Environment.NewLine, lines))
{
    public StartupException(string line) : this([line]) { }

    public ImmutableArray<string> Lines => lines;

    /// <summary>Formats the report for stderr: a single reason is a single line.</summary>
    /// <param name="what">The failed action, such as "The gateway cannot start".</param>
    public string Report(string what) => $"{what}:" + (lines is [var only] ? " " + only : string.Concat(lines.Select(line => Environment.NewLine + "  " + line)));
}
