using ImapGateway.GraphQL.Fields;
using ImapGateway.Mail;

namespace ImapGateway.Accounts;

/// <summary>Finds the account of a message or a mailbox: its id contains the incarnation of its account.</summary>
public static class AccountOf
{
    /// <exception cref="ProblemException">404 if there is none, or the caller may not see it.</exception>
    public static async Task<string> DemandAsync(FieldCall call, string objectId) =>
        await IdAsync(call, objectId) ?? throw new ProblemException(ErrorCode.NotFound, "There is nothing with this id.");

    /// <returns>The account's id; null if there is none, or the caller may not see it.</returns>
    public static async Task<string?> IdAsync(FieldCall call, string objectId)
    {
        if (!ObjectId.TryParse(objectId, out var parsed))
        {
            return null;
        }
        var account = await call.LoadAsync<string, string>(nameof(AccountOf), parsed.Incarnation, async incarnations => await call.Service<AccountStore>().FindIdsAsync(incarnations, call.Cancel));
        return account is not null && call.Caller.MaySee(account) ? account : null;
    }
}
