using System.Reflection;

namespace ImapGateway.Settings;

/// <summary>A command of the program, other than to run the gateway.</summary>
/// <param name="Name">The name, one or more words, such as "storage backup".</param>
/// <param name="Parameters">The parameters after the name, all of them required, such as "DIR".</param>
/// <param name="Summary">One line of the usage text.</param>
/// <param name="RunAsync">Takes the values of the parameters, then the settings of the command line; returns the exit code. A <see cref="StartupException"/> ends with its lines and 1.</param>
public sealed record Command(string Name, string[] Parameters, string Summary, Func<string[], string[], Task<int>> RunAsync)
{
    private string[] Words => Name.Split(' ');

    public bool Matches(IReadOnlyList<string> words) => words.Count == Words.Length + Parameters.Length && words.Take(Words.Length).SequenceEqual(Words);

    /// <summary>Returns the first parameter that is missing after the name. Null if there is none, or the words are not the name.</summary>
    public string? Lacks(IReadOnlyList<string> words) =>
        words.Count >= Words.Length && words.Count < Words.Length + Parameters.Length && words.Take(Words.Length).SequenceEqual(Words) ? Parameters[words.Count - Words.Length] : null;

    public Task<int> RunWithAsync(IEnumerable<string> words, string[] settings) => RunAsync([.. words.Skip(Words.Length)], settings);
}

/// <summary>Handles the arguments of the program. No command runs the gateway, and arguments that are not understood start nothing.</summary>
/// <param name="commands">All commands except for help and version.</param>
/// <param name="runGateway">Takes the settings of the command line.</param>
public sealed class CommandLine(IReadOnlyList<Command> commands, Func<string[], Task<int>> runGateway)
{
    private const int Refused = 1;
    private const int Misused = 2;
    private static readonly string[] HelpOptions = ["--help", "-h", "-?"];

    /// <returns>The exit code: 1 if the operator has to correct something, 2 if the arguments are not understood; stderr has the reason.</returns>
    public async Task<int> RunAsync(string[] arguments)
    {
        if (arguments.Any(HelpOptions.Contains) || arguments is ["help"])
        {
            await Console.Out.WriteLineAsync(Usage());
            return 0;
        }
        if (arguments is ["--version"] or ["version"])
        {
            await Console.Out.WriteLineAsync($"ImapGateway {Version}");
            return 0;
        }
        var misuse = Split(arguments, out var words, out var settings);
        var command = commands.FirstOrDefault(command => command.Matches(words));
        misuse ??= words.Count > 0 && command is null ? Missing(words) ?? $"Unknown arguments: {string.Join(' ', arguments)}" : null;
        if (misuse is not null)
        {
            await Console.Error.WriteLineAsync(misuse);
            await Console.Error.WriteLineAsync(Usage());
            return Misused;
        }
        try
        {
            return await (command is null ? runGateway(settings) : command.RunWithAsync(words, settings));
        }
        catch (StartupException failure)
        {
            await Console.Error.WriteLineAsync(failure.Report(command is null ? "The gateway cannot start" : $"{command.Name} failed"));
            return Refused;
        }
    }

    private static string Version => typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <returns>The missing parameter of a command; null if the words are not the beginning of one.</returns>
    private string? Missing(List<string> words) => commands.FirstOrDefault(command => command.Lacks(words) is not null) is { } command ? $"{command.Name}: {command.Lacks(words)} is missing" : null;

    /// <summary>Separates settings from words. Settings are "--Section:Key=value" or "--Section:Key value"; everything else is a word. .NET alone would ignore a name without a value.</summary>
    /// <returns>The mistake; null if there is none.</returns>
    private static string? Split(string[] arguments, out List<string> words, out string[] settings)
    {
        (words, settings) = ([], []);
        var options = new List<string>();
        for (var at = 0; at < arguments.Length; at++)
        {
            if (!arguments[at].StartsWith('-'))
            {
                words.Add(arguments[at]);
            }
            else if (!arguments[at].StartsWith("--", StringComparison.Ordinal))
            {
                return $"Unknown argument: {arguments[at]}";
            }
            else if (arguments[at].IndexOf('=', StringComparison.Ordinal) > 2)
            {
                options.Add(arguments[at]);
            }
            else if (arguments[at].Length > 2 && at + 1 < arguments.Length && !arguments[at + 1].StartsWith("--", StringComparison.Ordinal))
            {
                options.Add($"{arguments[at]}={arguments[++at]}");
            }
            else
            {
                return arguments[at].Length > 2 && !arguments[at].Contains('=', StringComparison.Ordinal) ? $"{arguments[at]} has no value" : $"Unknown argument: {arguments[at]}";
            }
        }
        settings = [.. options];
        return null;
    }

    private string Usage()
    {
        var lines = commands.Select(command => (Call: string.Join(' ', [command.Name, .. command.Parameters]), command.Summary))
            .Prepend((Call: "", Summary: "run the gateway")).Append((Call: "--version", Summary: "print the version")).Append((Call: "--help", Summary: "print this text")).ToList();
        var width = lines.Max(line => line.Call.Length);
        return $"""
            Usage:
            {string.Join('\n', lines.Select(line => $"  ImapGateway {line.Call.PadRight(width)}  {line.Summary}"))}

            Any setting can follow as --Section:Key=value, for example --DataDirectory=/var/lib/imapgateway. docs/settings.md lists the settings.
            """;
    }
}
