using ImapGateway.Settings;

namespace ImapGateway.Access;

/// <summary>The settings of the section <c>Auth</c>.</summary>
public sealed class AuthOptions : ISettings
{
    public const int MinLength = 32;
    public const int MaxLength = 512;

    /// <summary>The key that may do everything. If it is empty, the first start makes one and keeps it in the data directory.</summary>
    public string? AdminKey { get; set; }

    /// <summary>Demands a key that a header can carry as one word. RFC 6750 section 2.1 is narrower, but an operator's own choice must work.</summary>
    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (!string.IsNullOrEmpty(AdminKey) && Fault(AdminKey) is { } fault)
        {
            yield return (nameof(AdminKey), fault);
        }
    }

    public static string? Fault(string key) => key switch
    {
        { Length: < MinLength } => $"must have {MinLength} characters or more, or none",
        { Length: > MaxLength } => $"must have {MaxLength} characters at most",
        _ when key.Any(each => each is <= ' ' or > '~') => "must consist of visible ASCII characters",
        _ => null,
    };
}
