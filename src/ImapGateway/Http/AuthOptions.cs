namespace ImapGateway.Http;

/// <summary>Section <c>Auth</c>.</summary>
public sealed class AuthOptions
{
    public const int MinLength = 32;

    /// <summary>The key that may do everything. Empty: one is made at the first start and kept in the data directory.</summary>
    public string? AdminKey { get; set; }

    /// <summary>What a header can carry as one word (RFC 6750 section 2.1 is narrower, but an operator's own choice shall work).</summary>
    public static string? Fault(AuthOptions options) => options.AdminKey switch
    {
        null or "" => null,
        { Length: < MinLength } => $"Auth:AdminKey: must have {MinLength} characters or more, or none",
        { Length: > 512 } => "Auth:AdminKey: must have 512 characters at most",
        var key when key.Any(each => each is <= ' ' or > '~') => "Auth:AdminKey: must consist of visible ASCII characters",
        _ => null,
    };
}
