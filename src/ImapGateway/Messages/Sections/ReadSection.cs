using System.Runtime.CompilerServices;
using ImapGateway.Accounts;

namespace ImapGateway.Messages.Sections;

/// <summary>Streams the octets of a section as they arrive, without transfer encoding.</summary>
/// <param name="Offset">The offset in the decoded octets.</param>
/// <param name="Count">The number of octets; null: to the end.</param>
[GenerateSerializer, Immutable]
public sealed record ReadSection(SectionRef Section, long Offset, long? Count) : AccountStream
{
    public override string? Target => Section.ToString();

    public override async IAsyncEnumerable<byte[]> RunAsync(AccountContext account, [EnumeratorCancellation] CancellationToken cancel)
    {
        var located = await Section.LocateAsync(account, cancel);
        await foreach (var piece in SectionOctets.ReadAsync(account, located, Offset, Count, cancel))
        {
            yield return piece;
        }
    }
}
