using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ImapGateway.Cache.Disk;

/// <summary>The location of an entry: a section of a message of an account.</summary>
/// <param name="Section">Any text that names the section within the message.</param>
internal readonly record struct EntryPlace(string Incarnation, HeaderKey Message, string Section)
{
    private const int NameLength = 16;

    /// <summary>The path below the folder of all messages. All entries of a message are in a folder of its own, which is moved, aged and removed as a whole.</summary>
    public string Folder => string.Create(CultureInfo.InvariantCulture, $"{Incarnation}/{Message.Mailbox}-{Message.UidValidity}/{Message.Uid}");

    /// <summary>The file name: a hash of the section, which any file system accepts.</summary>
    public string Name => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Section)).AsSpan(0, NameLength));

    /// <summary>The text that binds the encrypted file to its account and section. It stays valid wherever the message is moved.</summary>
    public string Seal => $"{Incarnation} {Section}";
}
