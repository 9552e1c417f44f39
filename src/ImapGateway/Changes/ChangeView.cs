using ImapGateway.Access;


namespace ImapGateway.Changes;

/// <summary>The amount of mail data that a reader of changes may see.</summary>
public enum ChangeView
{
    /// <summary>The ids of messages and mailboxes only.</summary>
    Ids,

    /// <summary>Headers, but no message content (mail.readBasic).</summary>
    Basic,

    /// <summary>Everything (mail.read).</summary>
    Full,
}

public static class ChangeViews
{
    public static ChangeView Of(Caller reader) =>
        reader.Has(Scope.MailRead) ? ChangeView.Full : reader.Has(Scope.MailReadBasic) ? ChangeView.Basic : ChangeView.Ids;
}
