namespace ImapGateway.Imap;

/// <summary>Counts the IMAP commands sent on behalf of one operation, for its log line. Follows the operation through its awaits.</summary>
public sealed class CommandCount
{
    private static readonly AsyncLocal<CommandCount?> Ambient = new();

    private int _sent;

    public int Sent => Volatile.Read(ref _sent);

    public static CommandCount Start() => Ambient.Value = new CommandCount();

    public static void Add(int commands)
    {
        if (Ambient.Value is { } count)
        {
            Interlocked.Add(ref count._sent, commands);
        }
    }
}
