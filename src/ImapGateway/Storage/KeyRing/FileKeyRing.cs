using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace ImapGateway.Storage.KeyRing;

/// <summary>A file for each key, in a folder of the data directory.</summary>
internal sealed class FileKeyRing(DirectoryInfo folder, ILoggerFactory logs) : FileSystemXmlRepository(folder, logs), IKeyRing
{
    /// <summary>Does not end as the files of keys do: a draft that a crash leaves behind is no key.</summary>
    private const string Draft = ".draft";

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

    /// <summary>The new file is on the disk before it takes the place of the old one.</summary>
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
