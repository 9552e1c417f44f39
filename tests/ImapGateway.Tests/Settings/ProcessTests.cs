using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
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
        Assert.Equal([$"The gateway cannot start: DataDirectory: {directory.Path} is used by another gateway"], error);
    }

    [Theory]
    [InlineData("--version")]
    [InlineData("version")]
    public async Task The_version_is_printed_and_nothing_is_started(string argument)
    {
        var (code, output, error) = await RunWith([argument]);
        Assert.Equal(0, code);
        Assert.StartsWith("ImapGateway 0.", output, StringComparison.Ordinal);
        Assert.Empty(error);
        Assert.Empty(_folder.GetFileSystemInfos());
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("help")]
    [InlineData("storage", "--help")]
    public async Task Help_is_printed_and_nothing_is_started(params string[] arguments)
    {
        var (code, output, error) = await RunWith(arguments);
        Assert.Equal(0, code);
        Assert.StartsWith("Usage:", output, StringComparison.Ordinal);
        Assert.Empty(error);
        Assert.Empty(_folder.GetFileSystemInfos());
    }

    [Theory]
    [InlineData("Unknown arguments: serve", "serve")]
    [InlineData("--verson has no value", "--verson")]
    [InlineData("Unknown argument: -v", "-v")]
    [InlineData("--DataDirectory has no value", "--DataDirectory")]
    [InlineData("Unknown argument: --", "--")]
    [InlineData("Unknown argument: --=x", "--=x")]
    [InlineData("Unknown arguments: help me", "help", "me")]
    [InlineData("Unknown arguments: --DataDirectory=data storage", "--DataDirectory=data", "storage")]
    [InlineData("storage backup: DIR is missing", "storage", "backup")]
    [InlineData("Unknown arguments: storage backup one two", "storage", "backup", "one", "two")]
    public async Task Arguments_that_are_not_understood_start_nothing(string reason, params string[] arguments)
    {
        var (code, output, error) = await RunWith(arguments);
        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Equal([reason, "Usage:"], error.Take(2));
        Assert.Empty(_folder.GetFileSystemInfos());
    }

    [Theory]
    [InlineData("--bogus=1", "bogus")]
    [InlineData("--DataDirectry=data", "DataDirectry")]
    [InlineData("--Strage:Provider=Postgres", "Strage")]
    public async Task A_setting_that_nothing_reads_is_refused(string argument, string name)
    {
        var (code, _, error) = await RunWith([argument]);
        Assert.Equal(1, code);
        Assert.StartsWith($"The gateway cannot start: {name}: is not a setting; there are Auth, Cache, ", Assert.Single(error), StringComparison.Ordinal);
        Assert.Empty(_folder.GetFileSystemInfos());
    }

    [Fact]
    public async Task Settings_of_the_command_line_are_used_in_both_spellings()
    {
        var (code, _, error) = await RunWith(["--Storage:Provider=Postgres", "--Imap:CommandTimeout", "later"]);
        Assert.Equal(1, code);
        Assert.Contains(error, line => line.StartsWith("  Imap:CommandTimeout: \"later\" is not", StringComparison.Ordinal));
        Assert.Contains(error, line => line.StartsWith("  Storage:ConnectionString: is needed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}", "address already in use")]
    [InlineData("http://localhost:{0}", "address already in use")]
    [InlineData("http://192.0.2.1:{0}", "http://192.0.2.1:{0} cannot be used: ")]
    [InlineData("nonsense", "nonsense")]
    [InlineData("http://127.0.0.1:99999", "99999")]
    [InlineData("https://127.0.0.1:0", "certificate")]
    public async Task An_address_that_cannot_be_listened_on_ends_the_process_with_one_line(string url, string reason)
    {
        using var taken = new TcpListener(IPAddress.Any, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        var (code, output, error) = await RunWith([], ("ASPNETCORE_URLS", url.Replace("{0}", port, StringComparison.Ordinal)));
        Assert.Equal(1, code);
        var line = Assert.Single(error);
        Assert.StartsWith("The gateway cannot start: ASPNETCORE_URLS: ", line, StringComparison.Ordinal);
        Assert.Contains(reason.Replace("{0}", port, StringComparison.Ordinal), line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", output, StringComparison.Ordinal);
        // What had started was stopped in order: the database file is closed, and its log is in it.
        Assert.False(File.Exists(Path.Combine(_folder.FullName, "data", "gateway.db-wal")));
    }

    private async Task<(int Code, string[] Error)> Run(params (string Name, string Value)[] environment)
    {
        var (code, output, error) = await RunWith([], environment);
        Assert.Empty(output);
        return (code, error);
    }

    private async Task<(int Code, string Output, string[] Error)> RunWith(string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(DataDirectory).Assembly.Location, .. arguments])
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        // Without the developer certificate that the user may have.
        start.Environment["HOME"] = _folder.FullName;
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
            return (process.ExitCode, await output, error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
