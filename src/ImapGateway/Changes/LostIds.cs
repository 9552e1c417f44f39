using System.Collections.Immutable;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.EntityFrameworkCore;

namespace ImapGateway.Changes;

/// <summary>Refuses lost ids in settings: an id that was given after a backup, and is lost, would never match anything.</summary>
public static class LostIds
{
    /// <param name="ids">The ids of mailboxes, or null for none.</param>
    /// <exception cref="ProblemException">410 if an id was given for a state that is lost.</exception>
    public static async Task RefuseAsync(GatewayDbContext db, ImmutableArray<string>? ids, CancellationToken cancel)
    {
        var given = (ids ?? []).Select(id => ObjectId.TryParse(id, out var parsed) ? parsed : default).Where(id => id.Incarnation is not null).ToList();
        var incarnations = given.Select(id => id.Incarnation).Distinct().ToList();
        var fences = await db.Set<FenceEntity>().AsNoTracking().Where(fence => incarnations.Contains(fence.Incarnation)).ToDictionaryAsync(fence => fence.Incarnation, cancel);
        foreach (var id in given)
        {
            if (fences.TryGetValue(id.Incarnation, out var fence) && new LogRange(1, fence.Sequence, fence.Counters.Epoch, EndedEpochs.OfAccount(fence.EndedEpochs)).IsLost(id))
            {
                throw new ProblemException(ErrorCode.Gone, $"The mailbox {id} belongs to a state that is lost.");
            }
        }
    }
}
