using ImapGateway.Changes;
using ImapGateway.Mail;

namespace ImapGateway.IntegrationTests.Changes;

/// <summary>Changes of every kind, as an account would have them.</summary>
public static class SampleChanges
{
    public static Message Summary(string id, string subject) => Message.Of(
        id, "b_abcdefghb", 7, Flags.Of("$seen"), 42,
        new MessageHeaders(
            null, null, "<offer.1@example.org>", [], [], subject, [new EmailAddress("Anna Berg", "anna@example.org")], [], [], [new EmailAddress(null, "team@example.com")], [], [],
            null, new DateTimeOffset(2026, 5, 31, 12, 0, 0, TimeSpan.Zero), 4711, []));

    public static Change Added(int n, string subject = "offer") =>
        new MessageAdded($"m_{n}", "b_abcdefghb") { At = new ChangePlace(1, Role.Inbox), Message = Summary($"m_{n}", subject) };

    public static Change Removed(int n) => new MessageRemoved($"m_{n}", "b_abcdefghb") { At = new ChangePlace(1, Role.Inbox) };

    public static Change Flagged(int n) => new MessageFlagsChanged($"m_{n}", "b_abcdefghb", ["$seen"], [], Flags.Of("$seen")) { At = new ChangePlace(1, Role.Inbox) };

    public static Change Mailbox(int n) => new MailboxAdded($"b_{n}", $"Projects/{n}", null) { At = new ChangePlace((ulong)n, null) };

    public static Change[] Many(int first, int count) => [.. Enumerable.Range(first, count).Select(Removed)];
}
