using ImapGateway.Accounts;
using ImapGateway.Imap;

namespace ImapGateway.Messages.Sections;

/// <summary>
/// Returns the number of octets of a section without its transfer encoding. The size that the server reports is checked first. A section that is encoded,
/// or whose reported size is wrong, is read to its end and counted.
/// </summary>
[GenerateSerializer, Immutable]
public sealed record MeasureSection(SectionRef Section) : AccountCommand<long>
{
    public override string? Target => Section.ToString();

    public override async Task<long> RunAsync(AccountContext account, CancellationToken cancel)
    {
        var located = await Section.LocateAsync(account, cancel);
        if (await account.Stored.LengthAsync(located.Message, Section.Name) is { } known)
        {
            return known;
        }
        var section = located.Section;
        if (!section.IsEncoded && section.Size is { } size && await account.Pool.RunAsync(section.Mailbox, repeatable: true, session => IsTrueAsync(session, section, size), cancel))
        {
            return size;
        }
        var length = 0L;
        await foreach (var decoded in SectionOctets.ReadAsync(account, located, 0, null, cancel))
        {
            length += decoded.Length;
        }
        return length;
    }

    /// <summary>True if the reported size is right: there is one octet before the end, and none after it.</summary>
    private static async Task<bool> IsTrueAsync(ImapSession session, Section section, long size)
    {
        var slice = new SectionSlice(section.Name, Math.Max(0, size - 1), 2);
        var found = await SectionFetch.RunAsync(session, section.Mailbox, section.UidValidity, [section.Uid], [slice]);
        return found.TryGetValue((section.Uid, slice.Key), out var octets) && octets.Length == Math.Min(1, size);
    }
}
