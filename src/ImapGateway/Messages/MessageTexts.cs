using ImapGateway.Accounts;
using ImapGateway.Mail;
using ImapGateway.Messages.Bodies;

namespace ImapGateway.Messages;

/// <summary>Reads the text of a message by the same operation as all other reads.</summary>
public sealed class MessageTexts(AccountRegistry accounts) : IMessageTexts
{
    private static readonly ReadOptions Text = new(true, false, HtmlForm.Safe, ReadOptions.DefaultBodyBytes, default);

    public async Task<MessageText?> FindAsync(string account, string message, CancellationToken cancel)
    {
        try
        {
            var read = (await accounts.Grain(account).Execute(new GetMessage(message, Text), cancel)).Demand();
            return new MessageText(read.Body?.Text, read.Body?.Truncated ?? false);
        }
        catch (ProblemException problem) when (problem.Code is ErrorCode.NotFound or ErrorCode.Gone)
        {
            return null;
        }
        catch (ProblemException)
        {
            if (await IsUnreadableAsync(account, message, cancel))
            {
                return null;
            }
            throw;
        }
    }

    /// <summary>True if the mail server can be reached, and cannot answer for this message.</summary>
    private async Task<bool> IsUnreadableAsync(string account, string message, CancellationToken cancel)
    {
        try
        {
            return (await accounts.Grain(account).Execute(new GetMessage(message, ReadOptions.Basic), cancel)).Demand().Problem is not null;
        }
        catch (ProblemException)
        {
            return false;
        }
    }
}
