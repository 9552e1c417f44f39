using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests.Storage;

/// <summary>A data directory that cannot be written at the start.</summary>
public class SqliteStartupTests
{
    /// <summary>Wherever the room ends: in the database, in the key ring, or in a file beside them.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    [InlineData(300)]
    [InlineData(500)]
    public async Task A_full_disk_is_one_line_and_exit_code_1(int kilobytes)
    {
        await using var gateway = await GatewayProcess.Start();
        using var disk = new TemporaryDirectory();
        var (exitCode, output) = await gateway.RunOnSmallDisk(disk.Path, Math.Max(4, kilobytes), $"--DataDirectory={disk.Path}", "--urls=http://127.0.0.1:0");
        Assert.Equal(1, exitCode);
        Assert.Contains("The gateway cannot start: ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }
}
