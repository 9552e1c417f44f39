namespace ImapGateway.Storage.Backup;

/// <summary>The files that a restore has made. They are deleted again unless the restore succeeds.</summary>
internal sealed class RestoredFiles : IDisposable
{
    private readonly Stack<string> _made = [];

    /// <summary>Writes a file that does not exist. It is durable when the method returns.</summary>
    public void Write(string path, byte[] content)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
        {
            PrivateFile.CreateFolder(folder);
            _made.Push(folder);
        }
        PrivateFile.Write(path, content);
        _made.Push(path);
    }

    /// <summary>Keeps the files.</summary>
    public void Keep() => _made.Clear();

    public void Dispose()
    {
        foreach (var path in _made)
        {
            try
            {
                if (Directory.Exists(path))
                {
                    Directory.Delete(path);
                }
                else
                {
                    File.Delete(path);
                }
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The next attempt accepts the file: it has the content of the backup.
            }
        }
    }
}
