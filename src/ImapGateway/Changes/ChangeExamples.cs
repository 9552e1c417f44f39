using ImapGateway.Mail;

namespace ImapGateway.Changes;

/// <summary>One example change of each type, written as the log writes it, for the published contract.</summary>
public static class ChangeExamples
{
    private const string Incarnation = "k3v7q2mz";
    private static readonly DateTimeOffset Noon = new(2026, 5, 31, 12, 0, 0, TimeSpan.Zero);
    private static readonly string Inbox = ObjectId.Format(ObjectId.Mailbox, Incarnation, 1);
    private static readonly string Archive = ObjectId.Format(ObjectId.Mailbox, Incarnation, 2);
    private static readonly string Message = ObjectId.Format(ObjectId.Message, Incarnation, 34);

    public static LoggedChange Of(ChangeType type)
    {
        if (type == ChangeType.WebhookTest)
        {
            return new(default, Incarnation, 1, "", type, Noon, 0, 0, null, null, "{}"u8.ToArray(), "{\"webhook\":\"wh_q5nzb3wk7ra2d\"}"u8.ToArray(), null);
        }
        var notes = ChangeData.Of(new Dictionary<string, string> { ["customer"] = "4711" });
        return LoggedChange.Of(ChangeRow.Of(ChangeOf(type), Incarnation, "acc_k3v7q2mzp4x6a", 0, 42, Noon, notes));
    }

    private static Change ChangeOf(ChangeType type) => type switch
    {
        ChangeType.MessageAdded => new MessageAdded(Message, Inbox) { Message = Summary(Inbox) },
        ChangeType.MessageFlagsChanged => new MessageFlagsChanged(Message, Inbox, ["$seen"], [], Flags.Of("$seen", "$flagged")),
        ChangeType.MessageMoved => new MessageMoved(Message, Archive, Inbox, Flags.Of("$seen")) { Message = Summary(Archive) },
        ChangeType.MessageRemoved => new MessageRemoved(Message, Inbox) { Message = Summary(Inbox) },
        ChangeType.MailboxAdded => new MailboxAdded(Archive, "Archive", Role.Archive),
        ChangeType.MailboxRenamed => new MailboxRenamed(Archive, "Archive/2026", "Archive", Role.Archive),
        ChangeType.MailboxRemoved => new MailboxRemoved(Archive, "Archive", Role.Archive),
        ChangeType.MailboxReset => new MailboxReset(Inbox, "INBOX", Role.Inbox, "uid_validity"),
        ChangeType.AccountAuthFailed => new AccountChanged(type, "account.auth_failed", "Invalid credentials"),
        ChangeType.AccountUnavailable => new AccountChanged(type, "account.timeout", null),
        _ => new AccountChanged(type, null, null),
    };

    private static Message Summary(string mailbox) => Mail.Message.Of(Message, mailbox, 4711, Flags.None, 0, Headers);

    private static readonly MessageHeaders Headers = new(
        null, null, "offer.1@example.org", [], [], "Our offer", [new EmailAddress("Anna Berg", "anna@example.org")], [], [], [new EmailAddress(null, "ann@example.com")], [], [], Noon, Noon, 2048, [])
    {
        Preview = "Thank you for your time yesterday. As we agreed, here is our offer.",
    };
}
