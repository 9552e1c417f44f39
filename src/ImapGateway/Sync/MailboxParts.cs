using ImapGateway.Imap;
using ImapGateway.Responses;

namespace ImapGateway.Sync;

/// <summary>What the classes that keep the mailboxes of one account up to date have in common.</summary>
public sealed record MailboxParts(MailboxDirectory Directory, MailboxCommits Commits, Settlement Settlement, ImapPool Pool, AnswerGuard Guard);
