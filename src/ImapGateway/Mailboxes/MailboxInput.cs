using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Sync;

namespace ImapGateway.Mailboxes;

/// <summary>A mailbox to create: at a path with the server's delimiter, or by name below a parent.</summary>
/// <param name="Path" example="Projects/2026">The path at the server; missing levels are created.</param>
/// <param name="Name">The name, one level. Without parentId the mailbox is created where the server wants the account's own mailboxes.</param>
/// <param name="ParentId">An id or a role of the parent.</param>
/// <param name="Subscribed">True if other mail clients show it; true is the default.</param>
public sealed record MailboxInput(string? Path = null, string? Name = null, string? ParentId = null, bool? Subscribed = null)
{
    public CreateMailbox ToCommand()
    {
        var errors = new RequestErrors();
        if (Path is null == Name is null)
        {
            errors.Member("", "Give path, or name, and with a name parentId if it is to have one.");
        }
        if (Path is not null && ParentId is not null)
        {
            errors.Member("/parentId", "A path says everything; parentId goes with a name.");
        }
        MailboxPatch.Check(errors, Path, Name);
        errors.ThrowIfAny();
        return new CreateMailbox(new MailboxPlace(Path, Name, ParentId is null ? null : MailboxRef.Parse(ParentId)), Subscribed ?? true);
    }
}

/// <summary>The changes to a mailbox; absent members stay.</summary>
/// <param name="Path">The new path; not together with name and parentId.</param>
/// <param name="Name" example="Projects">The new name, one level.</param>
/// <param name="ParentId" example="b_kq3zvw5xc">An id or a role of the new parent; null moves the mailbox to the top.</param>
/// <param name="Subscribed" example="true">True if other mail clients show it.</param>
public sealed record MailboxPatch(Optional<string?> Path = default, Optional<string?> Name = default, Optional<string?> ParentId = default, Optional<bool?> Subscribed = default)
{
    public ChangeMailbox ToCommand(string mailbox)
    {
        var errors = new RequestErrors();
        if (!Path.IsGiven && !Name.IsGiven && !ParentId.IsGiven && !Subscribed.IsGiven)
        {
            errors.Member("", "Give path, name, parentId or subscribed.");
        }
        if (Path.IsGiven && (Name.IsGiven || ParentId.IsGiven))
        {
            errors.Member("/path", "A path says everything; name and parentId go without it.");
        }
        if (Subscribed is { IsGiven: true, Value: null })
        {
            errors.Member("/subscribed", "true or false is expected.");
        }
        Check(errors, Path.IsGiven ? Path.Value ?? "" : null, Name.IsGiven ? Name.Value ?? "" : null);
        errors.ThrowIfAny();
        return new ChangeMailbox(
            MailboxRef.Parse(mailbox),
            Path.Value,
            Name.Value,
            ParentId.Value is { } parent ? MailboxRef.Parse(parent) : null,
            ParentId is { IsGiven: true, Value: null },
            Subscribed.Value);
    }

    public static void Check(RequestErrors errors, string? path, string? name)
    {
        if (path is not null && MailboxText.Fault(path, MailboxText.LongestPath) is { } inPath)
        {
            errors.Member("/path", inPath);
        }
        if (name is not null && MailboxText.Fault(name, MailboxText.LongestName) is { } inName)
        {
            errors.Member("/name", inName);
        }
    }
}
