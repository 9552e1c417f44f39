namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>A command as a client sent it.</summary>
/// <param name="Connection">1 for the server's first connection, and so on.</param>
/// <param name="Tag">To be given back in the answer.</param>
/// <param name="Name">In upper case, <c>UID FETCH</c> for both words.</param>
/// <param name="Arguments">What follows the name.</param>
public sealed record ScriptedCommand(int Connection, string Tag, string Name, IReadOnlyList<ImapValue> Arguments)
{
    public bool IsUid => Name.StartsWith("UID ", StringComparison.Ordinal);

    /// <summary>The text of an argument, empty where it is missing.</summary>
    public string this[int index] => index < Arguments.Count ? Arguments[index].Text : "";

    public override string ToString() => $"{Connection} {Tag} {Name} {string.Join(' ', Arguments)}";
}
