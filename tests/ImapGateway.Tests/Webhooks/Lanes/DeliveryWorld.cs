using System.Net;
using ImapGateway.Access;
using ImapGateway.Accounts;
using ImapGateway.Background;
using ImapGateway.Changes;
using ImapGateway.Egress;
using ImapGateway.Mail;
using ImapGateway.Storage;
using ImapGateway.Tests.Storage;
using ImapGateway.Webhooks;
using ImapGateway.Webhooks.Endpoints;
using ImapGateway.Webhooks.Lanes;
using ImapGateway.Webhooks.Sending;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Webhooks.Lanes;

/// <summary>The services of deliveries on a database of the gateway. No receiver can be called, and outcomes are written when a test says so.</summary>
public sealed class DeliveryWorld : IAsyncDisposable, IMessageTexts, IKeyLookup, IDatabase
{
    public const string Incarnation = "abcdefgh";
    public const string Account = "anna";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("gateway-webhooks-");
    private readonly TestDatabase _database;
    private readonly WebhookProtector _protector = new(new EphemeralDataProtectionProvider());
    private readonly WebhookSender _sender;

    public DeliveryWorld()
    {
        _database = TestDatabase.OfGateway(_folder.FullName);
        Loops = new Loops(Time, NullLogger<Loops>.Instance);
        Outcomes = new OutcomeWriter(this, Loops);
        Store = new WebhookStore(this);
        var options = Options.Create(new WebhooksOptions());
        var egress = new EgressConnector(new EgressPolicy(Options.Create(new EgressOptions())), Time, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]));
        _sender = new WebhookSender(egress, options, Time, NullLogger<WebhookSender>.Instance);
        Context = new DeliveryContext(
            new ChangeLog(this, Time, NullLogger<ChangeLog>.Instance), new LaneStore(this), Outcomes, new PayloadWriter(this, options, Time), _sender, options, Loops);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 5, 31, 12, 0, 0, TimeSpan.Zero));

    public Loops Loops { get; }

    public OutcomeWriter Outcomes { get; }

    public WebhookStore Store { get; }

    public DeliveryContext Context { get; }

    /// <summary>Reads the texts of messages.</summary>
    public Func<CancellationToken, Task<MessageText?>> Text { get; set; } = _ => Task.FromResult<MessageText?>(null);

    /// <summary>The rights of the keys by their ids.</summary>
    public Dictionary<string, Caller> Keys { get; } = [];

    /// <summary>Decides whether a write fails before it begins.</summary>
    public Func<Exception?> Fault { get; set; } = () => null;

    /// <summary>The number of transactions that have written.</summary>
    public int Writes { get; private set; }

    event Action? IKeyLookup.Changed
    {
        add { }
        remove { }
    }

    public async Task<EndpointRunner> Run(WebhookEntity row)
    {
        await Add(row);
        return new EndpointRunner(LoadedWebhook.Of(row, _protector), Context, new WebhookRights(this), new WebhookStates(Store, NullLogger<WebhookStates>.Instance));
    }

    /// <summary>Writes the outcomes that wait, as at the end of the process.</summary>
    public Task Flush() => Outcomes.StopAsync(default);

    /// <summary>Adds messages to the log of the account.</summary>
    public Task Arrive(int count) => Add([.. Enumerable.Range(1, count).Select(n =>
    {
        var message = ObjectId.Format(ObjectId.Message, Incarnation, (ulong)n);
        var mailbox = ObjectId.Format(ObjectId.Mailbox, Incarnation, 1);
        var headers = new MessageHeaders(null, null, null, [], [], null, [], [], [], [], [], [], DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 100, []);
        var change = new MessageAdded(message, mailbox) { At = new ChangePlace(1, Role.Inbox), Message = Message.Of(message, mailbox, (uint)n, Flags.None, 0, headers) };
        return ChangeRow.Of(change, Incarnation, Account, 0, n, Time.GetUtcNow(), "{}"u8.ToArray());
    })]);

    public Task Add(params object[] rows) => _database.Database.WriteAsync(
        (db, _) =>
        {
            db.AddRange(rows);
            return Task.FromResult(0);
        },
        default);

    public async Task<LaneRef> Lane(string webhook, long cursor = 0)
    {
        await Add(new LaneEntity { Webhook = webhook, Incarnation = Incarnation, Account = Account, Cursor = cursor });
        return (await Context.Lanes.ClaimAsync(webhook, new HashSet<long>(), default)).Single().Lane;
    }

    /// <summary>As the next owner of the lane would.</summary>
    public Task ClaimAgain(string webhook) => Context.Lanes.ClaimAsync(webhook, new HashSet<long>(), default);

    public WebhookEntity Webhook(string id, WebhookOrder order = WebhookOrder.Account, bool body = false, string? key = null) =>
        SampleWebhook.Row(id, secret: _protector.ProtectSecret(id, WebhookSecret.New()), order: order, body: body, key: key);

    public DeliveryEntity Outcome(string webhook, long sequence, DeliveryState state = DeliveryState.Delivered) => new()
    {
        Webhook = webhook,
        Incarnation = Incarnation,
        Sequence = sequence,
        Epoch = 0,
        Account = Account,
        Type = ChangeType.MessageAdded,
        Timestamp = Time.GetUtcNow(),
        State = state,
        Form = PayloadForm.Standard,
        Failures = 0,
        Attempts = "[]",
        Answer = [],
        NextAttemptAt = null,
        Payload = null,
        UpdatedAt = Time.GetUtcNow(),
    };

    public Task<List<T>> Rows<T>() where T : class => ReadAsync((db, cancel) => db.Set<T>().ToListAsync(cancel), default);

    public async Task<WebhookEntity> Row(string webhook) => (await Store.FindAsync(webhook, default))!;

    public Task<T> ReadAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> query, CancellationToken cancel) => _database.ReadAsync(query, cancel);

    public async Task<T> WriteAsync<T>(Func<GatewayDbContext, CancellationToken, Task<T>> job, CancellationToken cancel)
    {
        if (Fault() is { } failure)
        {
            throw failure;
        }
        var result = await _database.WriteAsync(job, cancel);
        Writes++;
        return result;
    }

    Task<MessageText?> IMessageTexts.FindAsync(string account, string message, CancellationToken cancel) => Text(cancel);

    ValueTask<Caller?> IKeyLookup.FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancel) => throw new NotSupportedException();

    ValueTask<Caller?> IKeyLookup.FindByIdAsync(string keyId, CancellationToken cancel) => new(Keys.GetValueOrDefault(keyId));

    public async ValueTask DisposeAsync()
    {
        await Outcomes.StopAsync(default);
        Outcomes.Dispose();
        Loops.Dispose();
        _sender.Dispose();
        await _database.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
