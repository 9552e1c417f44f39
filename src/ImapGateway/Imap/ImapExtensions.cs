using ImapGateway.Settings;

namespace ImapGateway.Imap;

public static class ImapExtensions
{
    public static void AddImap(this IHostApplicationBuilder builder)
    {
        builder.AddSettings<ImapOptions>("Imap");
        builder.Services.AddSingleton<ServerConnection>();
    }
}
