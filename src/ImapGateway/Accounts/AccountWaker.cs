using System.Security.Cryptography;
using System.Text;
using ImapGateway.Mail;

namespace ImapGateway.Accounts;

/// <summary>
/// Keeps every account awake: its owner watches it whether anybody asks for it or not. Each node wakes its share. An account that is added or changed is woken at once by
/// whoever does that.
/// </summary>
public sealed partial class AccountWaker(AccountStore store, IGrainFactory grains, ISiloStatusOracle silos, TimeProvider time, ILogger<AccountWaker> log) : BackgroundService
{
    private const int AtOnce = 16;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>Whether the account is among those that the node of this rank wakes.</summary>
    public static bool IsMine(string account, int nodes, int rank) =>
        BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes(account))) % (uint)nodes == rank;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The host waits for what comes before the first await.
        await Task.Yield();
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            await WakeAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task WakeAsync(CancellationToken cancel)
    {
        try
        {
            var active = silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Order().ToList();
            var rank = active.IndexOf(silos.SiloAddress);
            var mine = rank < 0 ? [] : (await store.IdsAsync(cancel)).FindAll(id => IsMine(id, active.Count, rank));
            var failed = 0;
            await Parallel.ForEachAsync(mine, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (id, _) =>
            {
                try
                {
                    await grains.GetGrain<IAccountGrain>(id).Read();
                }
                catch (ProblemException e) when (e.Code == ErrorCode.NotFound)
                {
                    // Removed just now.
                }
                catch (Exception e) when (e is ProblemException or TimeoutException or OrleansException)
                {
                    Interlocked.Increment(ref failed);
                }
            });
            if (failed > 0)
            {
                LogFailed(failed);
            }
        }
        catch (ProblemException e)
        {
            LogNotRead(e.Code);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} accounts could not be opened; they are tried again.")]
    private partial void LogFailed(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The accounts could not be listed ({Code}); it is tried again.")]
    private partial void LogNotRead(ErrorCode code);
}
