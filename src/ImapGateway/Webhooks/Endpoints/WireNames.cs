using System.Reflection;
using System.Text.Json.Serialization;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>The names an enum has in JSON.</summary>
public static class WireNames
{
    public static T? Find<T>(string name) where T : struct, Enum => Table<T>.ByName.TryGetValue(name, out var value) ? value : null;

    public static string Of<T>(T value) where T : struct, Enum => Table<T>.ByName.FirstOrDefault(pair => pair.Value.Equals(value)).Key ?? "";

    /// <summary>Returns all names, for a text that a user reads.</summary>
    public static string All<T>() where T : struct, Enum => string.Join(", ", Table<T>.ByName.Keys);

    private static class Table<T> where T : struct, Enum
    {
        public static readonly Dictionary<string, T> ByName = Enum.GetValues<T>().ToDictionary(
            value => typeof(T).GetField(value.ToString())!.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()!.Name);
    }
}
