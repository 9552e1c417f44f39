using ImapGateway.Accounts;
using ImapGateway.Messages.Sections;

namespace ImapGateway.Messages;

public static class MessagesExtensions
{
    public static void AddMessages(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<SectionLengths>();
        builder.Services.AddSingleton<IMessageTexts, MessageTexts>();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, MessagesJson.Default));
    }
}
