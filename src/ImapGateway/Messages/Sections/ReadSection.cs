using System.Runtime.CompilerServices;
using ImapGateway.Accounts;

namespace ImapGateway.Messages.Sections;

/// <summary>Octets of a section as they arrive, transfer encoding removed.</summary>
/// <param name="Offset">In what is left when the encoding is gone.</param>
/// <param name="Count">Null: to the end.</param>
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
