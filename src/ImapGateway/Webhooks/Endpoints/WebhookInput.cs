using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Changes;
using ImapGateway.Egress;
using ImapGateway.Mail;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>The checked settings of an endpoint: well formed, and within the rights of its key.</summary>
public sealed record WebhookInput(
    string Url,
    string? Description,
    ImmutableArray<string> Types,
    ImmutableArray<string>? Accounts,
    ImmutableArray<string>? Mailboxes,
    ImmutableArray<string>? Roles,
    WebhookFormat Format,
    WebhookOrder Order,
    bool IncludeBody,
    ImmutableDictionary<string, string> Headers)
{
    private const int MaxDescription = 500;
    private const int MaxItems = 1000;

    private static readonly ImmutableArray<string> AllTypes = ["*"];

    /// <summary>Checks the settings. Malformed members give a 400, more than the key has gives a 403, each with all errors at once.</summary>
    /// <param name="wanted">The given settings, or the result of a patch.</param>
    /// <param name="headers">The present headers.</param>
    /// <param name="owner">The key that the endpoint belongs to.</param>
    public static WebhookInput Checked(NewWebhook wanted, ImmutableDictionary<string, string> headers, Caller owner, EgressPolicy egress)
    {
        var errors = new RequestErrors();
        UrlRules.Check(wanted.Url, egress, errors);
        if (wanted.Description is { Length: > MaxDescription } || !InputText.IsPlain(wanted.Description))
        {
            errors.Member("/description", $"At most {MaxDescription} characters are expected. {InputText.Expectation}");
        }
        Each(wanted.Types, "/types", pattern => ChangeTypeFilter.Parse([pattern], out _) is not null, $"One of {string.Join(", ", ChangeTypes.Names)}, or a wildcard such as message.* or *, is expected.", errors);
        Each(wanted.Accounts, "/accounts", AccountId.IsValid, AccountId.Expectation, errors);
        Each(wanted.Mailboxes, "/mailboxes", id => ObjectId.TryParse(id, out var parsed) && parsed.Kind == ObjectId.Mailbox, "The id of a mailbox is expected.", errors);
        Each(wanted.Roles, "/roles", name => WireNames.Find<Role>(name) is not null, $"One of {WireNames.All<Role>()} is expected.", errors);
        var format = One<WebhookFormat>(wanted.Format, "/format", errors);
        var order = One<WebhookOrder>(wanted.Order, "/order", errors);
        var include = One<WebhookInclude>(wanted.Include, "/include", errors);
        HeaderRules.Check(wanted.Headers, errors);
        var merged = HeaderRules.Merge(headers, wanted.Headers);
        HeaderRules.CheckCount(merged.Count, errors);
        errors.ThrowIfAny();

        CheckWithin(wanted, include, owner);
        return new WebhookInput(
            wanted.Url!, wanted.Description, Distinct(wanted.Types) ?? AllTypes, Distinct(wanted.Accounts), Distinct(wanted.Mailboxes), Distinct(wanted.Roles),
            format ?? WebhookFormat.Standard, order ?? WebhookOrder.Account, include == WebhookInclude.Body, merged);
    }

    /// <summary>Returns the rights of its key that an endpoint needs. If the key has fewer, the endpoint is disabled.</summary>
    public (Scope Scopes, ImmutableArray<string>? Accounts) Granted(Caller owner) =>
        (Scopes.Expand(owner.Scopes) & WebhookRights.Relevant, Accounts ?? (owner.Accounts is { } limited ? [.. limited.Order(StringComparer.Ordinal)] : null));

    private static void CheckWithin(NewWebhook wanted, WebhookInclude? include, Caller owner)
    {
        var beyond = new RequestErrors();
        for (var i = 0; i < (wanted.Accounts?.Length ?? 0); i++)
        {
            if (!owner.MaySee(wanted.Accounts!.Value[i]))
            {
                beyond.Member($"/accounts/{i}", "The key may not see this account.");
            }
        }
        if (include == WebhookInclude.Body && !owner.Has(Scope.MailRead))
        {
            beyond.Member("/include", "Bodies need the scope mail.read.");
        }
        beyond.ThrowIfAny(ErrorCode.Forbidden, "The endpoint would see more than its key.");
    }

    private static void Each(ImmutableArray<string>? items, string at, Predicate<string> isValid, string expectation, RequestErrors errors)
    {
        if (items is { Length: 0 or > MaxItems })
        {
            errors.Member(at, $"1 to {MaxItems} are expected; null means all.");
            return;
        }
        for (var i = 0; i < (items?.Length ?? 0); i++)
        {
            if (items!.Value[i] is not { } item || !isValid(item))
            {
                errors.Member($"{at}/{i}", expectation);
            }
        }
    }

    private static T? One<T>(string? name, string at, RequestErrors errors) where T : struct, Enum
    {
        var value = name is null ? null : WireNames.Find<T>(name);
        if (name is not null && value is null)
        {
            errors.Member(at, $"One of {WireNames.All<T>()} is expected.");
        }
        return value;
    }

    private static ImmutableArray<string>? Distinct(ImmutableArray<string>? items) => items is { } given ? [.. given.Distinct()] : null;
}
