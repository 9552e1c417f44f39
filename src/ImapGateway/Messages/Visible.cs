using ImapGateway.Access;
using ImapGateway.Mail;

namespace ImapGateway.Messages;

/// <summary>Redacts messages for callers without mail.read: they get no preview.</summary>
public static class Visible
{
    public static Message To(Caller caller, Message message) => MayRead(caller) || message.Preview is null ? message : message with { Preview = null };

    public static Page<Message> To(Caller caller, Page<Message> page) => MayRead(caller) ? page : page with { Items = [.. page.Items.Select(message => To(caller, message))] };

    public static MessageSet To(Caller caller, MessageSet set) => MayRead(caller) ? set : set with { Items = [.. set.Items.Select(message => To(caller, message))] };

    private static bool MayRead(Caller caller) => caller.Has(Scope.MailRead);
}
