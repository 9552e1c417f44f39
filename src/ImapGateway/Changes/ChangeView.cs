using ImapGateway.Access;


namespace ImapGateway.Changes;

/// <summary>How much of mail a reader of changes may see.</summary>
public enum ChangeView
{
    /// <summary>Of messages and mailboxes the ids only.</summary>
    Ids,

    /// <summary>mail.readBasic: headers, but nothing of what messages say.</summary>
    Basic,

    /// <summary>mail.read.</summary>
    Full,
}

public static class ChangeViews
{
    public static ChangeView Of(Caller reader) =>
        reader.Has(Scope.MailRead) ? ChangeView.Full : reader.Has(Scope.MailReadBasic) ? ChangeView.Basic : ChangeView.Ids;
}
