using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace ImapGateway.Storage.KeyRing;

/// <summary>Keeps each key in a file, in a folder of the data directory.</summary>
internal sealed class FileKeyRing(DirectoryInfo folder, ILoggerFactory logs) : FileSystemXmlRepository(folder, logs), IKeyRing
{
    /// <summary>The extension of drafts, different from that of keys: a draft that a crash leaves behind is not a key.</summary>
    private const string Draft = ".draft";

    public IReadOnlyList<(string Place, XElement Element)> ReadAll() =>
        [.. Directory.EnumerateFileSystemInfos("*.xml").Select(file => (file.FullName, KeyRingXml.Read(file.FullName, () => XElement.Load(file.FullName))))];

    public int Rewrite(Func<XElement, XElement?> change)
    {
        foreach (var left in Directory.EnumerateFiles("*" + Draft))
        {
            left.Delete();
        }
        var count = 0;
        foreach (var file in Directory.EnumerateFiles("*.xml").ToList())
        {
            if (change(XElement.Load(file.FullName)) is { } changed)
            {
                Replace(file.FullName, changed);
                count++;
            }
        }
        return count;
    }

    /// <summary>Replaces a file. The new file is on the disk before it replaces the old one.</summary>
    private static void Replace(string path, XElement element)
    {
        var open = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            open.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        using (var stream = new FileStream(path + Draft, open))
        {
            stream.Write(Encoding.UTF8.GetBytes(element.ToString()));
            stream.Flush(flushToDisk: true);
        }
        File.Move(path + Draft, path, overwrite: true);
    }
}
