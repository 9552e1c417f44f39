using System.Security.Cryptography;
using System.Text;
using ImapGateway.Background;
using ImapGateway.Mail;

namespace ImapGateway.Accounts;

/// <summary>
/// Keeps every account active, so that it is watched even without requests. Each node wakes its share. An account that is added or changed is woken at once by
/// the component that does so.
/// </summary>
public sealed partial class AccountWaker(AccountStore store, IGrainFactory grains, ISiloStatusOracle silos, Loops loops, ILogger<AccountWaker> log) : LoopService("account waking", loops)
{
    private const int AtOnce = 16;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>The interval of checks until this node is one of those that wake accounts.</summary>
    private static readonly TimeSpan Joining = TimeSpan.FromMilliseconds(200);

    private TimeSpan _pause = TimeSpan.Zero;

    /// <summary>True if the node of this rank wakes the account.</summary>
    public static bool IsMine(string account, int nodes, int rank) =>
        BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes(account))) % (uint)nodes == rank;

    protected override Task WaitAsync(CancellationToken stopping) => Task.Delay(_pause, Time, stopping);

    protected override async Task TurnAsync(CancellationToken stopping)
    {
        var active = silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Order().ToList();
        var rank = active.IndexOf(silos.SiloAddress);
        _pause = rank < 0 ? Joining : Interval;
        var mine = rank < 0 ? [] : (await store.IdsAsync(stopping)).FindAll(id => IsMine(id, active.Count, rank));
        var failed = 0;
        await Parallel.ForEachAsync(mine, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stopping }, async (id, _) =>
        {
            try
            {
                await grains.GetGrain<IAccountGrain>(id).Read();
            }
            catch (ProblemException e) when (e.Code == ErrorCode.NotFound)
            {
                // The account was just removed.
            }
            catch (Exception)
            {
                // The account's grain has logged the reason. The other accounts are woken in any case.
                Interlocked.Increment(ref failed);
            }
        });
        if (failed > 0)
        {
            LogFailed(failed);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} accounts could not be opened; they are tried again.")]
    private partial void LogFailed(int count);
}
