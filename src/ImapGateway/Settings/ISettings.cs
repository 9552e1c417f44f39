namespace ImapGateway.Settings;

/// <summary>
/// A section of the settings: a class with defaults in code and properties that can be set. Values: string, bool, numbers, enums, TimeSpan, Uri; lists of them as IReadOnlyList; nested classes as
/// subsections.
/// </summary>
public interface ISettings
{
    /// <summary>Returns the mistakes beyond types and names. Keys are relative to the section ("Allow:0"); a message continues the text after the key ("must be positive").</summary>
    IEnumerable<(string Key, string Message)> Validate();
}
