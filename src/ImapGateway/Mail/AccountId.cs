using System.Text.RegularExpressions;

namespace ImapGateway.Mail;

/// <summary>The rules for ids of accounts, which the client chooses or the gateway mints.</summary>
public static partial class AccountId
{
    public const string Prefix = "acc";

    /// <summary>The rule of <see cref="IsValid"/>, for messages to clients.</summary>
    public const string Expectation = "An account's id has 1 to 64 letters, digits, '_' or '-'.";

    public static bool IsValid(string? text) => text is not null && Form().IsMatch(text);

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex Form();
}
