using ImapGateway.Settings;
using StackExchange.Redis;

namespace ImapGateway.Cache;

/// <summary>The section <c>Redis</c> of the settings.</summary>
public sealed class RedisOptions : ISettings
{
    /// <summary>The connection string of StackExchange.Redis: <c>host:6379,password=...,ssl=true</c>. If it is empty, there is no Redis. Contains a secret: never shown, not even in part.</summary>
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
