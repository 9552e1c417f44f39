using System.Collections.Immutable;
using System.Linq.Expressions;
using System.Text.Json;
using ImapGateway.Changes;
using ImapGateway.Imap;
using ImapGateway.Mail;
using ImapGateway.Storage;
using ImapGateway.Sync.Watching;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace ImapGateway.Accounts;

/// <summary>
/// The row of an account. Its incarnation is the key of everything the gateway stores about it, so that an id can be used again
/// while the data of the previous account is still being removed.
/// </summary>
public sealed class AccountEntity
{
    public required string Incarnation { get; init; }

    public required string Id { get; init; }

    public required string Name { get; set; }

    public required string Email { get; set; }

    public List<AccountMetadataEntity> Metadata { get; set; } = [];

    public required AccountServer Imap { get; set; }

    public required CredentialKind ImapCredentialKind { get; set; }

    /// <summary>The secret, encrypted by <see cref="CredentialProtector"/>; empty when the account is removed.</summary>
    public required string ImapSecret { get; set; }

    public AccountServer? Smtp { get; set; }

    /// <summary>The kind of the SMTP credential; null: SMTP logs in with the credential of IMAP.</summary>
    public CredentialKind? SmtpCredentialKind { get; set; }

    public string? SmtpSecret { get; set; }

    public required WatchScope Watch { get; set; }

    /// <summary>True if a client has paused the account: nothing is watched meanwhile.</summary>
    public bool Paused { get; set; }

    /// <summary>True if all watched mailboxes have been indexed once, and the log says so.</summary>
    public bool Synced { get; set; }

    /// <summary>The state by the logins. A paused account is shown as paused.</summary>
    public AccountState State { get; set; }

    /// <summary>The state that the log reported last for the account's logins; null: none since it was added or resumed.</summary>
    public AccountState? Told { get; set; }

    public AccountError? LastError { get; set; }

    public ImmutableArray<string> Capabilities { get; set; } = [];

    /// <summary>The features that its mail server advertises and refuses.</summary>
    public ImmutableArray<Quirk> Quirks { get; set; } = [];

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The time of the removal. From then on no client can see the account; its rows are deleted in small batches.</summary>
    public DateTimeOffset? RemovedAt { get; set; }

    public AccountLife Life
    {
        get => new(Known(State), Told is { } told ? Known(told) : null, Synced, Watch != WatchScope.None, Paused);
        set => (State, Told, Synced) = (value.State, value.Told, value.Synced);
    }

    /// <summary>The counters of its fence, as they were when the row was read.</summary>
    public FenceCounters Counters { get; set; }

    /// <summary>The reason why nothing can be stored for the account any more, so that it can only be removed; null: it is not damaged.</summary>
    public AccountError? Damage { get; set; }

    internal static readonly Problem Damaged = new(
        ErrorCode.AccountDamaged,
        "What the gateway has stored about the account is damaged, so that its state can neither be read nor changed. Delete the account and add it again; its mail is on the mail server.",
        RetryAfter: TimeSpan.FromMinutes(1));

    /// <exception cref="ProblemException"><see cref="ErrorCode.AccountDamaged"/>.</exception>
    public void DemandWhole()
    {
        if (Damage is not null)
        {
            throw new ProblemException(Damaged);
        }
    }

    /// <summary>True for removed accounts. The credential is erased when an account is removed: a damaged <see cref="RemovedAt"/> alone removes nothing.</summary>
    public static readonly Expression<Func<AccountEntity, bool>> IsRemoved = account => account.RemovedAt != null && account.ImapSecret == "";

    /// <summary>The opposite of <see cref="IsRemoved"/>.</summary>
    public static readonly Expression<Func<AccountEntity, bool>> IsLive = account => account.RemovedAt == null || account.ImapSecret != "";

    public Account ToAccount() => new()
    {
        Id = Id,
        Name = Name,
        Email = Email,
        Metadata = Metadata.DistinctBy(pair => pair.Key).ToImmutableDictionary(pair => pair.Key, pair => pair.Value),
        State = Damage is not null ? AccountState.Unavailable : Paused ? AccountState.Paused : Known(State),
        Watch = Enum.IsDefined(Watch) ? Watch : WatchScope.All,
        Imap = Imap,
        Smtp = Smtp,
        CreatedAt = CreatedAt,
        LastError = Damage ?? LastError,
        Capabilities = Capabilities,
        Quirks = Quirks,
        FeedPosition = FeedPosition.OfAccount(Incarnation, Counters.Sequence, Counters.Epoch),
    };

    /// <summary>Returns the state; a damaged one is shown as that of an account that was never connected.</summary>
    private static AccountState Known(AccountState state) => Enum.IsDefined(state) ? state : AccountState.Connecting;
}

/// <summary>An entry of the client's metadata; each has a row, so that accounts can be found by it.</summary>
public sealed class AccountMetadataEntity
{
    public string Incarnation { get; init; } = "";

    public required string Key { get; init; }

    public required string Value { get; init; }
}

public sealed class AccountConfiguration : IEntityTypeConfiguration<AccountEntity>
{
    public void Configure(EntityTypeBuilder<AccountEntity> builder)
    {
        builder.ToTable("account");
        builder.HasKey(account => account.Incarnation);
        builder.Property(account => account.Incarnation).HasMaxLength(16);
        // Set explicitly: EF took it for the key first, by its name, and would leave it nullable.
        builder.Property(account => account.Id).HasMaxLength(64).IsRequired();
        builder.HasIndex(account => account.Id).IsUnique().HasFilter("\"RemovedAt\" IS NULL");
        builder.HasIndex(account => account.Email);
        builder.HasIndex(account => account.RemovedAt);
        builder.Ignore(account => account.Life);
        builder.Ignore(account => account.Counters);
        builder.Ignore(account => account.Damage);
        builder.Property(account => account.Imap).HasConversion(value => Write(value), text => ReadServer(text));
        builder.Property(account => account.Smtp).HasConversion(value => Write(value), text => ReadServer(text));
        builder.Property(account => account.LastError).HasConversion(value => Write(value), text => StoredJson.Read<AccountError?>(text, null, JsonSerializerOptions.Web));
        builder.Property(account => account.Capabilities).HasConversion(
            value => string.Join(' ', value),
            text => ImmutableArray.Create(text.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
            new Microsoft.EntityFrameworkCore.ChangeTracking.ValueComparer<ImmutableArray<string>>(
                (a, b) => a.SequenceEqual(b), value => value.Length, value => value));
        builder.Property(account => account.Quirks).HasConversion(
            value => Write(value),
            text => StoredJson.Read<ImmutableArray<Quirk>>(text, ImmutableArray<Quirk>.Empty, JsonSerializerOptions.Web),
            new Microsoft.EntityFrameworkCore.ChangeTracking.ValueComparer<ImmutableArray<Quirk>>(
                (a, b) => a.SequenceEqual(b), value => value.Length, value => value));
        builder.HasMany(account => account.Metadata).WithOne().HasForeignKey(pair => pair.Incarnation).OnDelete(DeleteBehavior.Cascade);
    }

    private static AccountServer ReadServer(string text) => StoredJson.Read(text, AccountServer.Unreadable, JsonSerializerOptions.Web);

    private static string Write<T>(T value) => JsonSerializer.Serialize(value, JsonSerializerOptions.Web);
}

public sealed class AccountMetadataConfiguration : IEntityTypeConfiguration<AccountMetadataEntity>
{
    public void Configure(EntityTypeBuilder<AccountMetadataEntity> builder)
    {
        builder.ToTable("account_metadata");
        builder.HasKey(pair => new { pair.Incarnation, pair.Key });
        builder.Property(pair => pair.Incarnation).HasMaxLength(16);
        builder.HasIndex(pair => new { pair.Key, pair.Value });
    }
}
