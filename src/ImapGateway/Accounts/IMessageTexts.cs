namespace ImapGateway.Accounts;

/// <summary>Reads the text of messages for those that do not know how messages are read. Messages implements it.</summary>
public interface IMessageTexts
{
    /// <param name="account">The account's id.</param>
    /// <param name="message">The message's id.</param>
    /// <returns>Null where the message, or its account, is gone, or where the mail server cannot answer for the message.</returns>
    /// <exception cref="Mail.ProblemException">It cannot be read now.</exception>
    Task<MessageText?> FindAsync(string account, string message, CancellationToken cancel);
}

/// <param name="Text">At most 256 kB of UTF-8; null where the message has none.</param>
/// <param name="Truncated">It is longer.</param>
public sealed record MessageText(string? Text, bool Truncated);
