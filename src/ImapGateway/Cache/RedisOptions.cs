using ImapGateway.Settings;
using StackExchange.Redis;

namespace ImapGateway.Cache;

/// <summary>Section <c>Redis</c> of the settings.</summary>
public sealed class RedisOptions : ISettings
{
    /// <summary>As StackExchange.Redis reads it: <c>host:6379,password=...,ssl=true</c>; empty: there is no Redis. Holds a secret: never shown, not even in part.</summary>
    public string ConnectionString { get; set; } = "";

    public IEnumerable<(string Key, string Message)> Validate() =>
        ConnectionString.Length == 0 || Parse(ConnectionString) is { EndPoints.Count: > 0 }
            ? []
            : [(nameof(ConnectionString), "is no connection string of StackExchange.Redis: host:6379,password=...,ssl=true")];

    internal static ConfigurationOptions? Parse(string text)
    {
        try
        {
            return ConfigurationOptions.Parse(text);
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException or OverflowException)
        {
            return null;
        }
    }
}
