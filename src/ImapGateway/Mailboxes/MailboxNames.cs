using System.Collections.Immutable;
using ImapGateway.Accounts;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Sync;
using MailKit;

namespace ImapGateway.Mailboxes;

/// <summary>The names that exist at the server, and the places where new ones may be created.</summary>
/// <param name="Prefix">The prefix of the account's own mailboxes (RFC 2342), with the delimiter; empty on most servers.</param>
/// <param name="Namespaces">All prefixes, without the delimiter: they exist whether LIST shows them or not, and cannot be created.</param>
/// <param name="Taken">The paths that LIST shows.</param>
public sealed record MailboxNames(string Prefix, string? Delimiter, ImmutableArray<string> Namespaces, ImmutableHashSet<string> Taken)
{
    public static Task<MailboxNames> ReadAsync(AccountContext account, CancellationToken cancel)
    {
        var known = account.Mailboxes.Tree.Kept();
        return account.Pool.RunAsync(null, repeatable: true, session => ReadAsync(session, known), cancel);
    }

    private static async Task<MailboxNames> ReadAsync(ImapSession session, ListingLimit.Known known)
    {
        var taken = await MailboxListing.NamesAsync(session, known);
        var client = session.Client;
        var own = client.PersonalNamespaces.FirstOrDefault();
        var delimiter = (own?.DirectorySeparator ?? client.Inbox.DirectorySeparator) is var separator and not '\0' ? separator.ToString() : null;
        return new MailboxNames(
            own is { Path.Length: > 0 } ? own.Path + delimiter : "",
            delimiter,
            [.. client.PersonalNamespaces.Concat(client.OtherNamespaces).Concat(client.SharedNamespaces).Select(one => one.Path).Where(path => path.Length > 0)],
            [.. taken.Select(mailbox => mailbox.Path)]);
    }

    public bool Has(string path) => Taken.Contains(path) || path.Equals("INBOX", StringComparison.OrdinalIgnoreCase);

    public bool HasBelow(string path) => Delimiter is not null && Taken.Any(one => one.StartsWith(path + Delimiter, StringComparison.Ordinal));

    /// <summary>Returns the server's spelling of a new path: the one path that did not exist before and has as many levels as <paramref name="path"/>. Null if it is not certain.</summary>
    public string? Spelling(IEnumerable<string> now, string path)
    {
        var depth = MailboxText.Above(path, Delimiter).Count();
        return now.Where(one => !Has(one) && MailboxText.Above(one, Delimiter).Count() == depth).Take(2).ToList() is [var only] ? only : null;
    }

    /// <summary>Returns the path that a client means, checked against the server's own rules.</summary>
    /// <param name="itself">A path that counts as free: the present one of a mailbox that is renamed.</param>
    /// <exception cref="ProblemException">400 with the member at fault, 409 if the path exists.</exception>
    public string Free(MailboxPlace place, MailboxState? parent, string? itself = null)
    {
        var (path, fault, pointer) = place switch
        {
            { Path: { } given } => (given, MailboxText.PathFault(given, Delimiter), "/path"),
            _ when parent is not null && Delimiter is null => ("", "The server's mailboxes have no levels.", "/parentId"),
            _ => ((parent is null ? Prefix : parent.Path + Delimiter) + place.Name, MailboxText.NameFault(place.Name!, Delimiter), "/name"),
        };
        if (fault is not null)
        {
            throw new ProblemException(new Problem(ErrorCode.BadRequest, $"The mailbox cannot be called that. {fault}", [new ProblemError(fault, pointer)]));
        }
        return path != itself && Has(path) ? throw new ProblemException(ErrorCode.Conflict, "There is a mailbox at this path already.") : path;
    }

    /// <summary>Returns the mailbox above a path. Missing levels are created and subscribed: not every server does so by itself (RFC 3501 section 6.3.3).</summary>
    public async Task<(IMailFolder Parent, string Name)> AboveAsync(ImapSession session, string path)
    {
        var parent = await MailboxListing.RootAsync(session);
        var from = 0;
        foreach (var level in MailboxText.Above(path, Delimiter))
        {
            parent = Has(level) || Namespaces.Any(one => one == level || one.StartsWith(level + Delimiter, StringComparison.Ordinal))
                ? await session.FolderAsync(level)
                : await CreateAsync(parent, level[from..], subscribed: true);
            from = level.Length + Delimiter!.Length;
        }
        return (parent, path[from..]);
    }

    /// <exception cref="ProblemException">409: the server has it under a name that it considers the same.</exception>
    public static async Task<IMailFolder> CreateAsync(IMailFolder parent, string name, bool subscribed)
    {
        // MailKit ignores ALREADYEXISTS, and then finds no mailbox of exactly this name.
        var created = await parent.CreateAsync(name, isMessageFolder: true)
            ?? throw new ProblemException(ErrorCode.Conflict, "The mail server has taken the name, but shows no mailbox of exactly this name: it has one that is the same to it.");
        if (subscribed)
        {
            await created.SubscribeAsync();
        }
        return created;
    }
}

/// <summary>The place of a mailbox: a path, or a name below a parent.</summary>
/// <param name="Parent">The parent; null with a name: among the account's own mailboxes, at the top.</param>
[GenerateSerializer, Immutable]
public sealed record MailboxPlace(string? Path, string? Name, MailboxRef? Parent)
{
    /// <exception cref="ProblemException">422 with the pointer if the parent does not exist.</exception>
    public async Task<MailboxState?> ParentAsync(AccountContext account, CancellationToken cancel)
    {
        if (Parent is null)
        {
            return null;
        }
        try
        {
            return await account.Mailboxes.Tree.ResolveAsync(Parent, cancel);
        }
        catch (ProblemException e) when (e.Code is ErrorCode.NotFound or ErrorCode.Gone)
        {
            throw new ProblemException(new Problem(ErrorCode.Unprocessable, "The parent is no mailbox of the account.", [new ProblemError(e.Problem.Detail, "/parentId")]));
        }
    }
}
