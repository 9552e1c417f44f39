namespace ImapGateway.Http;

public static class Text
{
    /// <summary>No id, path or search text has any; NUL and line breaks are what attacks are made of.</summary>
    public static bool HasControl(string? value)
    {
        foreach (var each in value.AsSpan())
        {
            if (char.IsControl(each))
            {
                return true;
            }
        }
        return false;
    }
}
