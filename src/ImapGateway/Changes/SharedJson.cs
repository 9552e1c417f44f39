using System.Runtime.CompilerServices;

namespace ImapGateway.Changes;

/// <summary>The bytes of a change, made by the first reader who needs them and shared by all who have the same row.</summary>
public static class SharedJson
{
    private static readonly ConditionalWeakTable<LoggedChange, Forms> Known = [];

    /// <param name="change">As the log gave it.</param>
    /// <param name="withMessage">False for a reader without mail.readBasic.</param>
    public static byte[] ToJson(this LoggedChange change, bool withMessage)
    {
        var forms = Known.GetOrCreateValue(change);
        // Made twice where two come at once: the bytes are equal.
        return withMessage
            ? forms.WithMessage ??= ChangeJson.ToBytes(change, withMessage: true)
            : forms.WithoutMessage ??= ChangeJson.ToBytes(change, withMessage: false);
    }

    private sealed class Forms
    {
        public byte[]? WithMessage { get; set; }

        public byte[]? WithoutMessage { get; set; }
    }
}
