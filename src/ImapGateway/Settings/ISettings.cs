namespace ImapGateway.Settings;

/// <summary>
/// One section of the settings: a class with defaults in code and properties that can be set. Values: string, bool, numbers, enums, TimeSpan, Uri;
/// lists of them as IReadOnlyList; nested classes as subsections.
/// </summary>
public interface ISettings
{
    /// <summary>What is wrong beyond types and names. Keys are relative to the section ("Allow:0"); messages go on after the key ("must be positive").</summary>
    IEnumerable<(string Key, string Message)> Validate();
}
