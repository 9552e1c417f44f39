using System.Runtime.CompilerServices;

namespace ImapGateway.Changes;

/// <summary>The bytes of a change as JSON. The first reader that needs them makes them, and all readers of the same row share them.</summary>
public static class SharedJson
{
    private static readonly ConditionalWeakTable<LoggedChange, Forms> Known = [];

    /// <param name="change">The change from the log.</param>
    /// <param name="view">The view of the reader.</param>
    public static byte[] ToJson(this LoggedChange change, ChangeView view)
    {
        var forms = Known.GetOrCreateValue(change);
        // Two concurrent readers may both make them: the bytes are equal.
        return forms.ByView[(int)view] ??= ChangeJson.ToBytes(change, view);
    }

    private sealed class Forms
    {
        public byte[]?[] ByView { get; } = new byte[]?[(int)ChangeView.Full + 1];
    }
}
