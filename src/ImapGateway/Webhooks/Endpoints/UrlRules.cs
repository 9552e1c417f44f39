using System.Net;
using ImapGateway.Egress;
using ImapGateway.Mail;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>The rules for the address of an endpoint. A host name is checked at each connect, by the addresses it resolves to then; an IP address can be refused at once.</summary>
public static class UrlRules
{
    private const int Longest = 2048;
    private const string At = "/url";

    public static void Check(string? url, EgressPolicy egress, RequestErrors errors)
    {
        if (url is not { Length: > 0 and <= Longest } || !InputText.IsPlain(url) || !Uri.TryCreate(url, UriKind.Absolute, out var uri)
            || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp) || uri.Host.Length == 0)
        {
            errors.Member(At, $"An https address of {Longest} characters at most is expected.");
            return;
        }
        if (uri.UserInfo.Length > 0)
        {
            errors.Member(At, "Credentials do not belong into an address, which is shown: give them as a header.");
        }
        if (uri.Fragment.Length > 0)
        {
            errors.Member(At, "A fragment is never sent: leave it out.");
        }
        if (uri.Scheme == Uri.UriSchemeHttp && !egress.AllowsPlain(EgressPurpose.Webhooks, uri.IdnHost))
        {
            errors.Member(At, $"https is expected; http only where the operator allows private networks, or the host in {EgressPolicy.AllowList(EgressPurpose.Webhooks)}.");
        }
        if (IPAddress.TryParse(uri.IdnHost.Trim('[', ']'), out var address) && !egress.Allows(EgressPurpose.Webhooks, uri.IdnHost, address))
        {
            errors.Member(At, $"The egress policy refuses this address; the operator can allow it in {EgressPolicy.AllowList(EgressPurpose.Webhooks)}.");
        }
    }
}
