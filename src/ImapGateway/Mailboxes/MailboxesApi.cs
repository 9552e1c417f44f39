using ImapGateway.Accounts;
using ImapGateway.Http;
using ImapGateway.Mail;

namespace ImapGateway.Mailboxes;

public static class MailboxesApi
{
    public static void MapMailboxes(this RouteGroupBuilder v1)
    {
        var mailboxes = v1.MapGroup("/accounts/{account}/mailboxes").WithTags("Mailboxes");
        mailboxes.MapGet("", ListAsync).Requires(Scope.MailReadBasic).WithName("listMailboxes").WithSummary("List mailboxes with their counters");
    }

    private static async Task<PageResult<Mailbox>> ListAsync(string account, AccountRegistry accounts, CancellationToken cancel) =>
        new(new Page<Mailbox>(await accounts.Grain(account).Execute(new ListMailboxes(), cancel), null));
}
