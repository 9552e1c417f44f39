using System.Globalization;
using ImapGateway.Mail;

namespace ImapGateway.Cache.Disk;

/// <summary>Headers of messages of which there is something else on disk: without them, what they say of the parts is lost with the memory.</summary>
internal static class DiskHeaders
{
    /// <summary>No section of a message is called like this. Headers of an earlier version cannot be read, and must not be taken for those that can.</summary>
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
        // Of no place, for they move with the message.
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
