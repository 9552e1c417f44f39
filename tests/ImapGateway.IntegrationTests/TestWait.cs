using ImapGateway.IntegrationTests.Servers;

namespace ImapGateway.IntegrationTests;

public static class TestWait
{
    public static Task For(Func<bool> condition) => For(() => Task.FromResult(condition()));

    /// <summary>Until something is so; a test that waits too long has failed.</summary>
    /// <param name="condition">Asked time and again.</param>
    /// <param name="patience">Null: long enough for a busy machine.</param>
    public static async Task For(Func<Task<bool>> condition, TimeSpan? patience = null)
    {
        using var deadline = new CancellationTokenSource(patience ?? Journal<string>.Patience);
        while (!await condition())
        {
            await Task.Delay(20, deadline.Token);
        }
    }
}
