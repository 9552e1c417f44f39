namespace ImapGateway.Imap;

/// <summary>
/// Records what the server refuses during the login. MailKit lists the inbox and the mailboxes with a role as soon as it has logged in (RFC 5258, RFC 6154 section 2, XLIST), and does not report
/// refusals. Commands that the server is known to refuse are not sent: the names of the mailboxes give them their roles then.
/// </summary>
public sealed class LoginQuirks
{
    private const string Return = " RETURN (";

    private readonly ServerStream _stream;
    private readonly Quirks _quirks;
    private string? _asked;

    /// <summary>Observes all commands from now on.</summary>
    public LoginQuirks(ServerStream stream, Quirks quirks)
    {
        (_stream, _quirks) = (stream, quirks);
        stream.NextCommand = Next;
    }

    /// <summary>Ends the observation after the login.</summary>
    public void End()
    {
        Learn();
        _stream.NextCommand = null;
    }

    private string Next(string command)
    {
        Learn();
        _stream.NextCommand = Next;
        var role = command.StartsWith("LIST (SPECIAL-USE) ", StringComparison.Ordinal) ? "SPECIAL-USE" : command.StartsWith("XLIST ", StringComparison.Ordinal) ? "XLIST" : null;
        if (role is not null && _quirks.Has(role))
        {
            return "NOOP";
        }
        var end = command.StartsWith("LIST ", StringComparison.Ordinal) ? command.IndexOf(Return, StringComparison.Ordinal) : -1;
        if (end > 0 && _quirks.Has("LIST-EXTENDED"))
        {
            (command, end) = (command[..end], -1);
        }
        _asked = role ?? (end > 0 ? "LIST-EXTENDED" : null);
        return command;
    }

    /// <summary>Records the server's last response, which is the answer to the previous command.</summary>
    private void Learn()
    {
        if (_asked is { } name && ImapFailure.Refusal(_stream) is { } refusal && Quirks.IsOfCommand(refusal))
        {
            _quirks.Learn(name, Quirks.DetailOf(refusal));
        }
        _asked = null;
    }
}
