using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests;

public static class TestWait
{
    public static Task For(Func<bool> condition) => For(() => Task.FromResult(condition()));

    /// <summary>Until something is so; a test that waits too long has failed.</summary>
    public static async Task For(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(Journal<string>.Patience);
        while (!await condition())
        {
            await Task.Delay(20, deadline.Token);
        }
    }
}
