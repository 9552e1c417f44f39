using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ImapGateway.Cache.Disk;

/// <summary>What an entry is about.</summary>
/// <param name="Section">Any text that names it within the message.</param>
internal readonly record struct EntryPlace(string Incarnation, HeaderKey Message, string Section)
{
    private const int NameLength = 16;

    /// <summary>Below the folder of all messages. What belongs to a message lies in a folder of its own, which moves, ages and goes as one.</summary>
    public string Folder => string.Create(CultureInfo.InvariantCulture, $"{Incarnation}/{Message.Mailbox}-{Message.UidValidity}/{Message.Uid}");

    /// <summary>Whatever stands in the section, for every file system.</summary>
    public string Name => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Section)).AsSpan(0, NameLength));

    /// <summary>Holds wherever the message is moved to.</summary>
    public string Seal => $"{Incarnation} {Section}";
}
