using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Tests.Storage;

public class CrashTests
{
    private const int Writers = 8;
    private const string FolderVariable = "CRASH_TEST_FOLDER";

    [Theory]
    [InlineData(50)]
    [InlineData(400)]
    [InlineData(1500)]
    public async Task A_process_killed_in_the_middle_of_its_commits_loses_no_write_that_was_acknowledged(int acknowledgements)
    {
        var folder = Directory.CreateTempSubdirectory("gateway-crash-");
        using (var child = StartChild(folder))
        {
            try
            {
                using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
                while (Acknowledged(folder).Sum() < acknowledgements && !child.HasExited)
                {
                    await Task.Delay(5, deadline.Token);
                }
                Assert.False(child.HasExited);
            }
            finally
            {
                child.Kill();
                await child.WaitForExitAsync();
            }
        }

        await using var test = new TestDatabase(folder);
        var entries = (await test.Entries()).ToLookup(entry => entry.Writer, entry => entry.Number);
        foreach (var (writer, acknowledged) in Acknowledged(folder).Index())
        {
            var written = entries[$"w{writer}"].ToList();
            Assert.Equal(Enumerable.Range(0, written.Count), written);
            Assert.InRange(written.Count, acknowledged, acknowledged + 1);   // the one in flight may have been committed
        }
        var integrity = await test.Database.ReadAsync(
            (context, cancel) => context.Database.SqlQuery<string>($"SELECT integrity_check AS Value FROM pragma_integrity_check").ToListAsync(cancel), default);
        Assert.Equal(["ok"], integrity);
    }

    /// <summary>What the child process does until it is killed: writes, and notes each write that was acknowledged in a file.</summary>
    [Fact(Explicit = true)]
    public async Task Write_until_killed()
    {
        var folder = new DirectoryInfo(Environment.GetEnvironmentVariable(FolderVariable)!);
        await using var test = new TestDatabase(folder);
        using var orphaned = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            await using var notes = new FileStream(Notes(folder, writer), new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                Share = FileShare.Read,
                BufferSize = 0,
            });
            for (var number = 0; !orphaned.IsCancellationRequested; number++)
            {
                await test.Add($"w{writer}", number);
                notes.WriteByte((byte)'+');
            }
        })));
    }

    private static Process StartChild(DirectoryInfo folder)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            "exec", typeof(CrashTests).Assembly.Location, "-explicit", "only", "-method", $"{typeof(CrashTests).FullName}.{nameof(Write_until_killed)}",
        ])
        {
            RedirectStandardOutput = true,
        };
        start.Environment[FolderVariable] = folder.FullName;
        return Process.Start(start)!;
    }

    private static List<int> Acknowledged(DirectoryInfo folder) =>
        [.. Enumerable.Range(0, Writers).Select(writer => new FileInfo(Notes(folder, writer))).Select(notes => notes.Exists ? (int)notes.Length : 0)];

    private static string Notes(DirectoryInfo folder, int writer) => Path.Combine(folder.FullName, "acknowledged-" + writer.ToString(CultureInfo.InvariantCulture));
}
