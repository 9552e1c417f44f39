namespace ImapGateway.Accounts;

/// <summary>Reads the text of messages for components that do not know how messages are read. Messages implements it.</summary>
public interface IMessageTexts
{
    /// <param name="account">The account's id.</param>
    /// <param name="message">The message's id.</param>
    /// <returns>The text; null if the message, or its account, is gone, or if the mail server cannot return the message.</returns>
    /// <exception cref="Mail.ProblemException">It cannot be read now.</exception>
    Task<MessageText?> FindAsync(string account, string message, CancellationToken cancel);
}

/// <param name="Text">The text, at most 256 kB of UTF-8; null if the message has none.</param>
/// <param name="Truncated">True if the text is longer.</param>
public sealed record MessageText(string? Text, bool Truncated);
