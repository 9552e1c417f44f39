using ImapGateway.Settings;

namespace ImapGateway.Storage;

/// <summary>The setting DataDirectory at the root of the settings.</summary>
public sealed class DataDirectoryOptions : ISettings
{
    /// <summary>The folder of the admin key, and of the database and key ring of SQLite; relative to the working directory. One gateway at a time can use it.</summary>
    public string DataDirectory { get; set; } = "./data";

    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (string.IsNullOrWhiteSpace(DataDirectory))
        {
            yield return (nameof(DataDirectory), "must name a folder");
        }
    }
}
