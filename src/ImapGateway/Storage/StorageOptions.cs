using ImapGateway.Settings;

namespace ImapGateway.Storage;

public sealed class StorageOptions : ISettings
{
    /// <summary>Database, key ring, admin key; relative to the working directory. One gateway at a time.</summary>
    public string DataDirectory { get; set; } = "./data";

    public IEnumerable<(string Key, string Message)> Validate()
    {
        if (string.IsNullOrWhiteSpace(DataDirectory))
        {
            yield return (nameof(DataDirectory), "must name a folder");
        }
    }
}
