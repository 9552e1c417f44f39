using System.Globalization;
using ImapGateway.Mail;

namespace ImapGateway.Cache.Disk;

/// <summary>Stores headers of messages that have other data on disk. Without the headers, their data about the parts would be lost with the memory.</summary>
internal static class DiskHeaders
{
    /// <summary>The name of the entry, which no section of a message has. Headers of an earlier version cannot be read, and must not be taken for readable ones.</summary>
    private static readonly string Section = string.Create(CultureInfo.InvariantCulture, $"*{HeaderCodec.Version}");

    public static Task<List<KeyValuePair<HeaderKey, MessageHeaders>>> GetAsync(DiskCache disk, string incarnation, IReadOnlyCollection<HeaderKey> messages) => Task.Run(async () =>
    {
        var found = new List<KeyValuePair<HeaderKey, MessageHeaders>>();
        foreach (var message in messages)
        {
            using var entry = disk.Open(new EntryPlace(incarnation, message, Section));
            if (entry is not null && await entry.ReadAsync(int.MaxValue) is { } encoded && HeaderCodec.Decode(default, encoded) is { } headers)
            {
                found.Add(new(message, headers));
            }
        }
        return found;
    });

    public static async Task PutAsync(DiskCache disk, string incarnation, HeaderKey message, MessageHeaders headers)
    {
        // The headers are encoded without a location, because they move with the message.
        if (await disk.LengthAsync(incarnation, message, Section) is null && HeaderCodec.Encode(default, headers) is { } encoded && disk.Begin(incarnation, message, Section, encoded.Length) is { } writer)
        {
            using (writer)
            {
                await writer.AppendAsync(encoded);
                await writer.CommitAsync();
            }
        }
    }
}
