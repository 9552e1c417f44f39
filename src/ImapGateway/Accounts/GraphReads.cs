using ImapGateway.GraphQL.Fields;
using ImapGateway.Mail;
using ImapGateway.Responses;

namespace ImapGateway.Accounts;

/// <summary>Reads for the graph, and notes how long the results are valid.</summary>
public static class GraphReads
{
    public static async Task<Tagged<T>> ReadAsync<T>(this FieldCall call, string account, AccountCommand<Tagged<T>> command) where T : class
    {
        try
        {
            var answer = await call.Service<AccountRegistry>().Grain(account).Execute(command, call.Cancel);
            var guard = call.Service<AnswerGuards>().Find(account);
            call.Context.Holds.Note(guard is not null && answer is { HoldsAt: { } at, StaleSince: null } ? new GuardedAt(guard, at) : null);
            return answer;
        }
        catch
        {
            call.Context.Holds.Note(null);
            throw;
        }
    }

    /// <summary>Returns the account, or null if there is none.</summary>
    public static async Task<Account?> ReadAsync(this FieldCall call, string account)
    {
        // The number is taken before the read: a change during the read changes the guard.
        var held = call.Service<AnswerGuards>().Find(account) is { } guard ? new GuardedAt(guard, guard.Now) : null;
        try
        {
            var found = await call.Service<AccountRegistry>().Grain(account).Read();
            call.Context.Holds.Note(held);
            return found;
        }
        catch (ProblemException e) when (e.Code == ErrorCode.NotFound)
        {
            call.Context.Holds.Note(null);
            return null;
        }
    }
}
