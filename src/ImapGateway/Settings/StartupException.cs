using System.Collections.Immutable;

namespace ImapGateway.Settings;

/// <summary>The gateway cannot start for reasons its operator can mend: one line each, printed without a trace.</summary>
public sealed class StartupException(ImmutableArray<string> lines) : Exception(string.Join(Environment.NewLine, lines))
{
    public StartupException(string line) : this([line]) { }

    public ImmutableArray<string> Lines => lines;
}
