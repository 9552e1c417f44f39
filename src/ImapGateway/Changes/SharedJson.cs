using System.Runtime.CompilerServices;

namespace ImapGateway.Changes;

/// <summary>The bytes of a change, made by the first reader who needs them and shared by all who have the same row.</summary>
public static class SharedJson
{
    private static readonly ConditionalWeakTable<LoggedChange, Forms> Known = [];

    /// <param name="change">As the log gave it.</param>
    /// <param name="view">What the reader may see.</param>
    public static byte[] ToJson(this LoggedChange change, ChangeView view)
    {
        var forms = Known.GetOrCreateValue(change);
        // Made twice where two come at once: the bytes are equal.
        return forms.ByView[(int)view] ??= ChangeJson.ToBytes(change, view);
    }

    private sealed class Forms
    {
        public byte[]?[] ByView { get; } = new byte[]?[(int)ChangeView.Full + 1];
    }
}
