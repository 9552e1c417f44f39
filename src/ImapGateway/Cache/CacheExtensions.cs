namespace ImapGateway.Cache;

public static class CacheExtensions
{
    public static void AddHeaderCache(this IHostApplicationBuilder builder) => builder.Services.AddSingleton<HeaderCache>();
}
