using System.Collections.Immutable;
using ImapGateway.Access;
using ImapGateway.Changes;
using ImapGateway.Egress;
using ImapGateway.Mail;
using ImapGateway.Storage;

namespace ImapGateway.Webhooks.Endpoints;

/// <summary>Adds, changes and removes endpoints, with the lanes that deliver to them.</summary>
public sealed class WebhookRegistry(IDatabase database, WebhookProtector protector, WebhookRights rights, EgressPolicy egress, IEndpointLanes lanes, TimeProvider time)
{
    /// <summary>The time for which the previous secret also signs after a rotation.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromHours(24);

    private static readonly ImmutableDictionary<string, string> NoHeaders = ImmutableDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase);

    public async Task<(WebhookEntity Row, string Secret)> AddAsync(Caller caller, NewWebhook input, CancellationToken cancel)
    {
        var wanted = WebhookInput.Checked(input, NoHeaders, caller, egress);
        var (scopes, accounts) = wanted.Granted(caller);
        var id = ObjectId.NewRandom("wh");
        var secret = WebhookSecret.New();
        var now = Now();
        var headers = protector.ProtectHeaders(id, wanted.Headers);
        var stored = protector.ProtectSecret(id, secret);
        var row = await database.WriteAsync(
            async (db, token) =>
            {
                await LostIds.RefuseAsync(db, wanted.Mailboxes, token);
                var made = new WebhookEntity
                {
                    Id = id,
                    Url = wanted.Url,
                    Description = wanted.Description,
                    Types = wanted.Types,
                    Accounts = wanted.Accounts,
                    Mailboxes = wanted.Mailboxes,
                    Roles = wanted.Roles,
                    Format = wanted.Format,
                    Order = wanted.Order,
                    IncludeBody = wanted.IncludeBody,
                    HeaderNames = Names(wanted.Headers),
                    HeaderSecret = headers,
                    Secret = stored,
                    KeyId = caller.KeyId,
                    GrantedScopes = scopes,
                    GrantedAccounts = accounts,
                    CreatedAt = now,
                    FollowsSince = now,
                };
                db.Add(made);
                await db.SaveChangesAsync(token);
                await lanes.FollowAsync(db, made, rights: caller, token);
                return made;
            },
            cancel);
        await lanes.ChangedAsync(id, startAgain: false, cancel);
        return (row, secret);
    }

    /// <summary>Changes an endpoint. If its key has lost rights and the caller is an admin, the endpoint becomes the caller's.</summary>
    public async Task<WebhookEntity> ChangeAsync(Caller caller, string id, WebhookPatch patch, CancellationToken cancel)
    {
        var now = Now();
        var row = await database.WriteAsync(
            async (db, token) =>
            {
                var present = await WebhookStore.GetToChangeAsync(db, caller, id, token);
                var adopted = present is { State: WebhookState.Disabled, Reason: DisableReason.KeyRevoked } && caller.Has(Scope.Admin);
                var owner = adopted ? caller : await rights.FindAsync(present, token) ?? throw Revoked();
                var wanted = WebhookInput.Checked(Patched(present, patch), protector.Headers(id, present.HeaderSecret) ?? NoHeaders, owner, egress);
                await LostIds.RefuseAsync(db, patch.Mailboxes.IsGiven ? wanted.Mailboxes : null, token);
                var filtersChange = (patch.Accounts.IsGiven || patch.Types.IsGiven || patch.Mailboxes.IsGiven || patch.Roles.IsGiven) && !Same(present, wanted);
                Apply(present, wanted);
                if (patch.Headers.IsGiven)
                {
                    (present.HeaderNames, present.HeaderSecret) = (Names(wanted.Headers), protector.ProtectHeaders(id, wanted.Headers));
                }
                if (adopted)
                {
                    (present.KeyId, present.State, present.Reason) = (caller.KeyId, WebhookState.Active, null);
                }
                if (adopted || filtersChange)
                {
                    (present.GrantedScopes, present.GrantedAccounts) = wanted.Granted(owner);
                    present.FollowsSince = now;
                    await db.SaveChangesAsync(token);
                    await lanes.FollowAsync(db, present, owner, token);
                }
                ResumeIfReadable(present);
                return present;
            },
            cancel);
        await lanes.ChangedAsync(id, startAgain: true, cancel);
        return row;
    }

    public async Task RemoveAsync(Caller caller, string id, CancellationToken cancel)
    {
        await database.WriteAsync(
            async (db, token) =>
            {
                var row = await WebhookStore.GetToChangeAsync(db, caller, id, token);
                db.Remove(row);
                return true;
            },
            cancel);
        await lanes.ChangedAsync(id, startAgain: true, cancel);
    }

    /// <summary>Makes a new secret. The previous one also signs for a while.</summary>
    public async Task<(WebhookEntity Row, string Secret)> RotateAsync(Caller caller, string id, CancellationToken cancel)
    {
        var secret = WebhookSecret.New();
        var stored = protector.ProtectSecret(id, secret);
        var until = Now() + Overlap;
        var row = await SetAsync(
            caller,
            id,
            row =>
            {
                (row.PreviousSecret, row.PreviousSecretUntil, row.Secret) = (row.Secret, until, stored);
                ResumeIfReadable(row);
            },
            cancel);
        return (row, secret);
    }

    public Task<WebhookEntity> PauseAsync(Caller caller, string id, CancellationToken cancel) => SetAsync(
        caller,
        id,
        row => row.State = row.State == WebhookState.Disabled ? throw new ProblemException(ErrorCode.Conflict, "It is disabled: nothing is delivered anyway.") : WebhookState.Paused,
        cancel);

    /// <summary>Resumes an endpoint where it stopped. Schedules start again.</summary>
    public async Task<WebhookEntity> ResumeAsync(Caller caller, string id, CancellationToken cancel)
    {
        var revoked = await rights.FindAsync(await database.ReadAsync((db, token) => WebhookStore.GetToChangeAsync(db, caller, id, token), cancel), cancel) is null;
        return await SetAsync(
            caller,
            id,
            row =>
            {
                if (revoked)
                {
                    throw Revoked();
                }
                if (LoadedWebhook.Of(row, protector).Fault is not null)
                {
                    throw LoadedWebhook.Unreadable();
                }
                Resume(row);
            },
            cancel);
    }

    /// <summary>Resumes an endpoint if the problem that disabled it is repaired.</summary>
    private void ResumeIfReadable(WebhookEntity row)
    {
        if (row is { State: WebhookState.Disabled, Reason: DisableReason.SecretUnreadable or DisableReason.SettingsUnreadable } && LoadedWebhook.Of(row, protector).Fault is null)
        {
            Resume(row);
        }
    }

    private static void Resume(WebhookEntity row) => (row.State, row.Reason, row.ProbeFailures, row.NextProbeAt) = (WebhookState.Active, null, 0, null);

    private async Task<WebhookEntity> SetAsync(Caller caller, string id, Action<WebhookEntity> change, CancellationToken cancel)
    {
        var row = await database.WriteAsync(
            async (db, token) =>
            {
                var present = await WebhookStore.GetToChangeAsync(db, caller, id, token);
                change(present);
                return present;
            },
            cancel);
        await lanes.ChangedAsync(id, startAgain: false, cancel);
        return row;
    }

    private static NewWebhook Patched(WebhookEntity present, WebhookPatch patch) => new()
    {
        Url = patch.Url.Or(present.Url),
        Description = patch.Description.Or(present.Description),
        Types = patch.Types.Or(present.Types),
        Accounts = patch.Accounts.Or(present.Accounts),
        Mailboxes = patch.Mailboxes.Or(present.Mailboxes),
        Roles = patch.Roles.Or(present.Roles),
        Format = patch.Format.Or(WireNames.Of(present.Format)),
        Order = patch.Order.Or(WireNames.Of(present.Order)),
        Include = patch.Include.Or(present.IncludeBody ? WireNames.Of(WebhookInclude.Body) : null),
        Headers = patch.Headers.IsGiven ? patch.Headers.Value : ImmutableDictionary<string, string?>.Empty,
    };

    private static void Apply(WebhookEntity row, WebhookInput wanted)
    {
        (row.Url, row.Description, row.Types, row.Accounts, row.Mailboxes, row.Roles) =
            (wanted.Url, wanted.Description, wanted.Types, wanted.Accounts, wanted.Mailboxes, wanted.Roles);
        (row.Format, row.Order, row.IncludeBody) = (wanted.Format, wanted.Order, wanted.IncludeBody);
    }

    private static bool Same(WebhookEntity row, WebhookInput wanted) => row.Types.SequenceEqual(wanted.Types)
        && Same(row.Accounts, wanted.Accounts) && Same(row.Mailboxes, wanted.Mailboxes) && Same(row.Roles, wanted.Roles);

    private static bool Same(ImmutableArray<string>? a, ImmutableArray<string>? b) => a is { } one && b is { } other ? one.SequenceEqual(other) : a is null && b is null;

    private static ImmutableArray<string> Names(ImmutableDictionary<string, string> headers) => [.. headers.Keys.Order(StringComparer.OrdinalIgnoreCase)];

    private static ProblemException Revoked() => new(ErrorCode.Conflict, "Its key was narrowed, has expired or is deleted: an admin key's PATCH takes the endpoint over.");

    /// <summary>Returns the present time in the precision of the storage.</summary>
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
}
