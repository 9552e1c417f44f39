namespace ImapGateway.Changes;

public static class ChangesExtensions
{
    public static void AddChanges(this IHostApplicationBuilder builder) => builder.Services.AddSingleton<ChangeLog>();
}
