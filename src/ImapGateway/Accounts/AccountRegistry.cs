using ImapGateway.Mail;
using ImapGateway.Responses;
using ImapGateway.Sync.Watching;

namespace ImapGateway.Accounts;

/// <summary>Adds, changes and removes accounts: it verifies, encrypts and writes them, and informs the account's grain.</summary>
public sealed class AccountRegistry(AccountStore store, AccountVerifier verifier, CredentialProtector protector, IGrainFactory grains, AccountRemover remover, TimeProvider time)
{
    /// <exception cref="ProblemException">No account can have this id.</exception>
    public IAccountGrain Grain(string id) => AccountId.IsValid(id) ? grains.GetGrain<IAccountGrain>(id) : throw AccountStore.NotFound();

    /// <exception cref="ProblemException">The error of the server; 409 if the id exists, 422 if it has the form of ids that the gateway gives.</exception>
    public async Task<Account> AddAsync(string? id, AccountSettings settings, bool verify, CancellationToken cancel)
    {
        if (id is not null && ObjectId.LooksMinted(id))
        {
            const string Reason = "Ids of this form are given by the gateway. Choose another one, or leave it out.";
            throw new ProblemException(new Problem(ErrorCode.Unprocessable, Reason, [new ProblemError(Reason, "/id")]));
        }
        if (id is not null && await store.FindAsync(id, cancel) is not null)
        {
            throw new ProblemException(ErrorCode.Conflict, "There is an account with this id. PUT changes it.");
        }
        var verified = verify ? await verifier.DemandAsync(settings.Imap, settings.Smtp, cancel) : null;
        var incarnation = ObjectId.NewIncarnation();
        var account = new AccountEntity
        {
            Incarnation = incarnation,
            Id = id ?? ObjectId.NewRandom(AccountId.Prefix),
            Name = settings.Name,
            Email = settings.Email,
            Metadata = Notes(settings),
            Imap = settings.Imap.Server,
            ImapCredentialKind = settings.Imap.Credential!.Kind,
            ImapSecret = protector.Protect(incarnation, "imap", settings.Imap.Credential),
            Smtp = settings.Smtp?.Server,
            SmtpCredentialKind = settings.Smtp?.Credential?.Kind,
            SmtpSecret = settings.Smtp?.Credential is { } smtp ? protector.Protect(incarnation, "smtp", smtp) : null,
            Watch = settings.Watch,
            State = verified is null ? AccountState.Connecting : settings.Watch == WatchScope.None ? AccountState.Connected : AccountState.Syncing,
            Capabilities = verified?.Imap.Capabilities ?? [],
            CreatedAt = time.GetUtcNow(),
        };
        await store.AddAsync(account, cancel);
        await Grain(account.Id).Reload(reconnect: true);
        return account.ToAccount();
    }

    /// <summary>Gives an account new settings. Settings with another server or user come with its credential: a stored credential is never sent to a new server.</summary>
    public async Task<Account> ChangeAsync(string id, AccountSettings settings, bool verify, Conditions when, CancellationToken cancel)
    {
        var before = await store.FindAsync(id, cancel) ?? throw AccountStore.NotFound();
        when.Demand(before.ToAccount().Settings());
        DemandCredentials(settings, before);
        var touched = settings.Imap.Credential is not null || settings.Smtp?.Credential is not null || settings.Imap.Server != before.Imap || settings.Smtp?.Server != before.Smtp;
        var verified = verify && touched ? await verifier.DemandAsync(WithCredential(settings.Imap, before), SmtpWithCredential(settings, before), cancel) : null;
        var changed = await store.ChangeAsync(
            id,
            account =>
            {
                when.Demand(account.ToAccount().Settings());
                if (account.Incarnation != before.Incarnation || account.Imap != before.Imap || account.ImapSecret != before.ImapSecret
                    || account.Smtp != before.Smtp || account.SmtpSecret != before.SmtpSecret)
                {
                    // The verified settings may differ from those that would be stored: a credential could be stored beside another server.
                    throw new ProblemException(ErrorCode.Conflict, "The account was changed by somebody else just now. Read it and try again.");
                }
                account.Name = settings.Name;
                account.Email = settings.Email;
                account.Metadata = Notes(settings);
                account.Quirks = settings.Imap.Server == account.Imap ? account.Quirks : [];
                account.Imap = settings.Imap.Server;
                if (settings.Imap.Credential is { } credential)
                {
                    account.ImapCredentialKind = credential.Kind;
                    account.ImapSecret = protector.Protect(account.Incarnation, "imap", credential);
                }
                account.Smtp = settings.Smtp?.Server;
                if (!KeepsSmtpCredential(settings.Smtp, before))
                {
                    account.SmtpCredentialKind = settings.Smtp?.Credential?.Kind;
                    account.SmtpSecret = settings.Smtp?.Credential is { } own ? protector.Protect(account.Incarnation, "smtp", own) : null;
                }
                // Mailboxes that are watched from now on may not be indexed yet.
                account.Synced &= account.Watch == settings.Watch;
                account.Watch = settings.Watch;
                if (touched)
                {
                    account.State = verified is null ? AccountState.Connecting : account.Life.Working;
                    account.LastError = null;
                    account.Capabilities = verified?.Imap.Capabilities ?? account.Capabilities;
                }
            },
            cancel);
        await Grain(id).Reload(reconnect: touched);
        return changed;
    }

    /// <summary>Pauses an account: nothing is watched until it is resumed; its API goes on.</summary>
    public Task<Account> PauseAsync(string id, CancellationToken cancel) => ChangeAsync(id, account => account.Paused = true, cancel);

    /// <summary>Resumes an account. Changes that happened meanwhile are found. An account that is not paused stays as it is.</summary>
    public Task<Account> ResumeAsync(string id, CancellationToken cancel) => ChangeAsync(
        id,
        account =>
        {
            if (account.Paused)
            {
                (account.Paused, account.State, account.Told) = (false, AccountState.Connecting, null);
            }
        },
        cancel);

    private async Task<Account> ChangeAsync(string id, Action<AccountEntity> change, CancellationToken cancel)
    {
        var changed = await store.ChangeAsync(id, change, cancel);
        await Grain(id).Reload(reconnect: false);
        return changed;
    }

    public async Task RemoveAsync(string id, Conditions when, CancellationToken cancel)
    {
        await store.RemoveAsync(id, when, cancel);
        await Grain(id).Removed();
        remover.Wake();
    }

    /// <summary>Demands the credentials. Without a credential of its own SMTP logs in with that of IMAP, which is then sent to the SMTP server.</summary>
    private static void DemandCredentials(AccountSettings settings, AccountEntity before)
    {
        if (settings.Imap.Credential is null && !SamePlace(settings.Imap.Server, before.Imap))
        {
            throw NeedsCredential("imap");
        }
        if (settings is { Smtp: { Credential: null } smtp, Imap.Credential: null } && !(before.Smtp is not null && SamePlace(smtp.Server, before.Smtp)))
        {
            throw NeedsCredential("smtp");
        }
    }

    /// <summary>Adds the credential for the login: the one that was given, or the stored one.</summary>
    private ServerSettings WithCredential(ServerSettings given, AccountEntity before) =>
        given.Credential is not null ? given : given with { Credential = protector.Unprotect(before.Incarnation, "imap", before.ImapCredentialKind, before.ImapSecret) };

    private ServerSettings? SmtpWithCredential(AccountSettings settings, AccountEntity before) => settings.Smtp switch
    {
        null or { Credential: not null } => settings.Smtp,
        // The stored settings are damaged, and no others were given.
        { } kept when kept.Server == AccountServer.Unreadable => null,
        { } own when KeepsSmtpCredential(own, before) =>
            own with { Credential = protector.Unprotect(before.Incarnation, "smtp", before.SmtpCredentialKind, before.SmtpSecret!) },
        { } shared => shared with { Credential = WithCredential(settings.Imap, before).Credential },
    };

    /// <summary>True if the stored SMTP credential stays. It is sent to no other server.</summary>
    private static bool KeepsSmtpCredential(ServerSettings? given, AccountEntity before) =>
        given is { Credential: null } && before is { Smtp: not null, SmtpSecret: not null } && SamePlace(given.Server, before.Smtp);

    private static bool SamePlace(AccountServer one, AccountServer other) => one == other;

    private static ProblemException NeedsCredential(string server) => new(new Problem(
        ErrorCode.BadRequest,
        "A stored credential is never sent to a new place: give the password or the access token along with the change.",
        [new ProblemError("Needed where host, port, security, username or allowInvalidCertificate change.", $"/{server}/password")]));

    private static List<AccountMetadataEntity> Notes(AccountSettings settings) =>
        [.. settings.Metadata.Select(pair => new AccountMetadataEntity { Key = pair.Key, Value = pair.Value })];
}
