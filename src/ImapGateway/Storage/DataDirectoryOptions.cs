using ImapGateway.Settings;

namespace ImapGateway.Storage;

/// <summary>Stands alone at the root of the settings.</summary>
public sealed class DataDirectoryOptions : ISettings
{
    /// <summary>Database and key ring of SQLite, admin key; relative to the working directory. One gateway at a time.</summary>
    public string DataDirectory { get; set; } = "./data";

    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (string.IsNullOrWhiteSpace(DataDirectory))
        {
            yield return (nameof(DataDirectory), "must name a folder");
        }
    }
}
