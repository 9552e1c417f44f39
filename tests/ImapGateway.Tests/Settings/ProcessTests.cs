using System.Diagnostics;
using ImapGateway.Storage;

namespace ImapGateway.Tests.Settings;

/// <summary>The program itself, as its operator sees it.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("gateway-process-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Wrong_settings_end_the_process_with_a_line_for_each()
    {
        var (code, error) = await Run(("Egress__AllowPrivateNetworks", "perhaps"), ("Egress__Imap__Allow__0", "10.0.0.1/8"), ("Egress__Imap__Deny__0", "x"));
        Assert.Equal(1, code);
        Assert.Equal(
            [
                "The gateway cannot start:",
                "  Egress:AllowPrivateNetworks: \"perhaps\" is not true or false",
                "  Egress:Imap:Allow:0: \"10.0.0.1/8\" is neither an address, nor a network such as 10.0.0.0/8, nor a host name",
                "  Egress:Imap:Deny: is not a setting; there are Allow",
            ],
            error.Order(StringComparer.Ordinal).OrderByDescending(line => line.StartsWith("The", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_second_gateway_on_the_directory_ends_with_one_line()
    {
        using var directory = new DataDirectory(Path.Combine(_folder.FullName, "data"));
        directory.Claim();
        var (code, error) = await Run(("DataDirectory", "data"));   // relative to the working directory
        Assert.Equal(1, code);
        Assert.Equal(["The gateway cannot start:", $"  DataDirectory: {directory.Path} is used by another gateway"], error);
    }

    private async Task<(int Code, string[] Error)> Run(params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(DataDirectory).Assembly.Location])
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = await process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            Assert.Empty(await output);
            return (process.ExitCode, error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
