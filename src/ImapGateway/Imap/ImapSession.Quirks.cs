using System.Reflection;
using System.Text.RegularExpressions;
using MailKit;
using MailKit.Net.Imap;

namespace ImapGateway.Imap;

/// <summary>The part of the session that handles servers that refuse what they advertise, or list names that no command can express.</summary>
public sealed partial class ImapSession
{
    private static readonly string Version = Assembly.GetExecutingAssembly().GetName().Version?.ToString(3) ?? "0";

    private readonly Dictionary<string, ImapFolder> _oddlyNamed = new(StringComparer.Ordinal);

    /// <summary>Identifies the gateway after the login, and enables extensions. If a server advertises one of them and refuses it, the session works without it.</summary>
    private async Task PrepareAsync(CancellationToken cancel)
    {
        if (Capabilities.HasFlag(ImapCapabilities.Id))
        {
            try
            {
                IsDovecot = Quirks.IsDovecot((await _client.IdentifyAsync(new ImapImplementation { Name = "ImapGateway", Version = Version }, cancel))?.Name);
            }
            catch (ImapCommandException e)
            {
                Refused(ImapCapabilities.Id, e);
            }
        }
        if (Capabilities.HasFlag(ImapCapabilities.QuickResync))
        {
            try
            {
                await _client.EnableQuickResyncAsync(cancel);
                // OK alone does not confirm: the server lists what it has enabled (RFC 5161 section 3.2), and MailKit does not expose the list.
                _client.Capabilities &= Enabled().IsMatch(_stream.Tail) ? _client.Capabilities : ~ImapCapabilities.QuickResync;
            }
            catch (ImapCommandException e)
            {
                Refused(ImapCapabilities.QuickResync, e);
            }
        }
        if (_client.PersonalNamespaces.Count == 0 && _client.Inbox is { } inbox)
        {
            // NAMESPACE was refused: all mailboxes are searched at the root.
            await _client.GetFolderAsync("", cancel);
            _client.PersonalNamespaces.Add(new FolderNamespace(inbox.DirectorySeparator, ""));
        }
    }

    [GeneratedRegex(@"^\* ENABLED\b[^\r\n]*\bQRESYNC\b", RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Enabled();

    /// <summary>
    /// Runs work that uses an extension. If the server refuses it, the work runs once more without the extension; if that succeeds, the extension was the reason, and the account does not use it
    /// from now on.
    /// </summary>
    /// <param name="extension">A single capability. <paramref name="work"/> uses it only as long as it is among <see cref="Capabilities"/>.</param>
    public async Task<T> TryWithAsync<T>(ImapCapabilities extension, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (ImapCommandException e) when (Capabilities.HasFlag(extension) && Explain(e).Problem is var refusal && Quirks.IsOfCommand(refusal))
        {
            var detail = Quirks.DetailOf(Explain(e).Problem);
            _client.Capabilities &= ~(extension | CapabilityNames.Find(CapabilityNames.NameOf(extension)));
            var result = await work();
            Quirks.Learn(CapabilityNames.NameOf(extension), detail);
            return result;
        }
    }

    /// <summary>
    /// Returns whether the session must avoid an extension whose command concerns all mailboxes: the command has ended a connection, or would do so because of a single mailbox. The extension is
    /// not used for now. If it has ended two connections and no single mailbox is the cause, the account does not use it at all.
    /// </summary>
    /// <param name="extension">The capability, which has the same name as the command.</param>
    public bool Avoids(ImapCapabilities extension)
    {
        var name = CapabilityNames.NameOf(extension);
        var fatal = Quirks.Fatal;
        if (fatal.MailboxesOf(FatalCommands.Status).Count > 0)
        {
            return true;
        }
        if (fatal.Find(name) is { } problem && fatal.TimesOf(name) > 1)
        {
            fatal.Forget(name);
            _client.Capabilities &= ~extension;
            Quirks.Learn(name, $"It has ended the connection to the mail server several times. {problem.Detail}");
        }
        return fatal.PauseOf(name) > TimeSpan.Zero || !Capabilities.HasFlag(extension);
    }

    /// <summary>True if a day has passed since the server refused an extension. MailKit cannot use it again on this connection: the next one tries it.</summary>
    public bool IsOutdated => (_withheld & ~Quirks.Refused) != 0;

    /// <summary>Records the refusal of a command that has no other form. The account does not use the extension from now on, if the refusal concerns the command.</summary>
    public void Refused(ImapCapabilities extension, ImapCommandException refusal)
    {
        _client.Capabilities &= ~extension;
        if (Explain(refusal).Problem is var problem && Quirks.IsOfCommand(problem))
        {
            Quirks.Learn(CapabilityNames.NameOf(extension), Quirks.DetailOf(problem));
        }
    }

    /// <summary>
    /// Repeats a refused SELECT without its parameters (RFC 7162 sections 3.1.8 and 3.2.5). If that succeeds, the extension was the reason; otherwise it is the mailbox, and the extension stays in
    /// use.
    /// </summary>
    private async Task OpenPlainlyAsync(ImapCapabilities extension, ImapCommandException refusal, Func<Task> open)
    {
        var problem = Explain(refusal).Problem;
        if (!Quirks.IsOfCommand(problem))
        {
            throw refusal;
        }
        // The name may contain brackets, too; the parameters have no quotation marks.
        _stream.NextCommand = static command => command.IndexOf(" (", command.LastIndexOf('"') + 1, StringComparison.Ordinal) is > 0 and var end ? command[..end] : command;
        try
        {
            await open();
        }
        finally
        {
            _stream.NextCommand = null;
        }
        _client.Capabilities &= ~CapabilityNames.Find(CapabilityNames.NameOf(extension));
        Quirks.Learn(CapabilityNames.NameOf(extension), Quirks.DetailOf(problem));
    }

    /// <summary>Sends a command in place of MailKit's own. Its answer must be short.</summary>
    /// <returns>The last 512 octets that the server has sent.</returns>
    public async Task<string> AskAsync(string command, Func<Task> call)
    {
        _stream.NextCommand = _ => command;
        try
        {
            await call();
            return _stream.Tail;
        }
        finally
        {
            _stream.NextCommand = null;
        }
    }

    /// <summary>
    /// Finds the mailbox at a path, under the exact name that the server lists. Some servers list names that no encoder makes (RFC 3501 section 5.1.3), such as "T&amp;AOQ-&amp;APY-st": MailKit
    /// finds them only among all names.
    /// </summary>
    /// <param name="path">The decoded path.</param>
    /// <exception cref="FolderNotFoundException">There is no such mailbox.</exception>
    public async Task<ImapFolder> FolderAsync(string path)
    {
        if (_oddlyNamed.TryGetValue(path, out var known) && known.Exists && known.Path == path)
        {
            return known;
        }
        var found = await EncodedAsync(path);
        if (found is { Exists: true } || path.Length == 0)
        {
            return found!;
        }
        if ((await MailboxListing.FoldersAsync(this)).FirstOrDefault(folder => folder.Path == path && folder.Exists) is ImapFolder listed)
        {
            return _oddlyNamed[path] = listed;
        }
        return found ?? throw new FolderNotFoundException(path);
    }

    /// <summary>
    /// Finds the mailbox at a path under the name that MailKit's encoder makes, or null. It need not exist: MailKit also makes folders that no server has listed, as parents of others, and servers list
    /// levels of a namespace that cannot be opened.
    /// </summary>
    private async Task<ImapFolder?> EncodedAsync(string path)
    {
        try
        {
            return (ImapFolder)await _client.GetFolderAsync(path);
        }
        catch (FolderNotFoundException) when (path.Length > 0)
        {
            return null;
        }
    }

    private static async Task SwallowRefusalAsync(Func<Task> command)
    {
        try
        {
            await command();
        }
        catch (ImapCommandException)
        {
            // Any refusal is ignored.
        }
    }
}
