using MailKit;
using MailKit.Net.Imap;
using MimeKit;

namespace ImapGateway.IntegrationTests.Changes;

/// <summary>
/// Another mail client that does what people do, at random but the same for the same seed: adds, flags, moves, copies and deletes messages, and knows what must be there at the end. Every
/// message has a Message-ID of its own; of two with different seeds, each leaves the other's messages alone.
/// </summary>
public sealed class Churn : IAsyncDisposable
{
    private static readonly string[] Mailboxes = ["INBOX", "Projects", "Archive"];
    private static readonly MessageFlags[] Toggled = [MessageFlags.Seen, MessageFlags.Flagged, MessageFlags.Answered];

    private readonly Func<Task<ImapClient>> _login;
    private readonly int _seed;
    private readonly Random _random;
    private readonly List<Known> _messages = [];
    private ImapClient? _client;
    private int _added;

    private sealed class Known
    {
        public required string MessageId { get; init; }

        public required string Mailbox { get; set; }

        public required uint Uid { get; set; }

        public MessageFlags Flags { get; set; }

        /// <summary>There are two with its Message-ID: it is left alone from then on, for nobody could tell which of them is where.</summary>
        public bool Copied { get; set; }
    }

    private Churn(Func<Task<ImapClient>> login, int seed) => (_login, _seed, _random) = (login, seed, new Random(seed));

    /// <summary>How often each Message-ID must have been added: once, or once more for a copy.</summary>
    public Dictionary<string, int> Added { get; } = [];

    public int Moves { get; private set; }

    public int Operations { get; private set; }

    /// <param name="login">Makes a connection; used again after the server was restarted.</param>
    public static async Task<Churn> Start(Func<Task<ImapClient>> login, int seed)
    {
        var churn = new Churn(login, seed) { _client = await login() };
        var top = churn._client.GetFolder(churn._client.PersonalNamespaces[0]);
        foreach (var mailbox in Mailboxes.Skip(1).Except((await top.GetSubfoldersAsync()).Select(folder => folder.Name)))
        {
            await top.CreateAsync(mailbox, isMessageFolder: true);
        }
        return churn;
    }

    /// <summary>Goes on until it is told to stop, with pauses as people make them, only shorter. What fails because the server went away is looked up there: it was done, or not.</summary>
    public async Task Run(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                _client ??= await Again(stop);
                if (_client is not null)
                {
                    await Step(_client);
                    Operations++;
                    await Task.Delay(_random.Next(40), stop);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is IOException or ServiceNotConnectedException or ImapProtocolException)
            {
                _client?.Dispose();
                _client = null;
            }
        }
    }

    /// <summary>What the server has: by mailbox, each message's Message-ID and flags.</summary>
    public static async Task<IReadOnlyList<string>> Truth(ImapClient client)
    {
        var truth = new List<string>();
        foreach (var mailbox in Mailboxes)
        {
            var folder = await FolderAsync(client, mailbox);
            await folder.OpenAsync(FolderAccess.ReadOnly);
            foreach (var message in await folder.FetchAsync(0, -1, MessageSummaryItems.Envelope | MessageSummaryItems.Flags))
            {
                truth.Add(Line(mailbox, message.Envelope!.MessageId!, Spelled(message.Flags!.Value)));
            }
            await folder.CloseAsync();
        }
        return [.. truth.Order(StringComparer.Ordinal)];
    }

    public static string Line(string mailbox, string messageId, IEnumerable<string> flags) => $"{mailbox} {messageId} {string.Join(',', flags.Order(StringComparer.Ordinal))}";

    /// <summary>The path without the prefix of a server that keeps all mailboxes below the inbox, such as <c>INBOX.</c>.</summary>
    public static string NameOf(string path) => path.StartsWith("INBOX.", StringComparison.Ordinal) ? path["INBOX.".Length..] : path;

    private static Task<IMailFolder> FolderAsync(ImapClient client, string mailbox)
    {
        var root = client.PersonalNamespaces[0];
        var prefix = mailbox == "INBOX" || root.Path.Length == 0 ? "" : root.Path + root.DirectorySeparator;
        return client.GetFolderAsync(prefix + mailbox);
    }

    public ValueTask DisposeAsync()
    {
        _client?.Dispose();
        return ValueTask.CompletedTask;
    }

    private static IEnumerable<string> Spelled(MessageFlags flags)
    {
        foreach (var (flag, name) in new[] { (MessageFlags.Seen, "$seen"), (MessageFlags.Flagged, "$flagged"), (MessageFlags.Answered, "$answered"), (MessageFlags.Deleted, "$deleted") })
        {
            if (flags.HasFlag(flag))
            {
                yield return name;
            }
        }
    }

    private async Task<ImapClient?> Again(CancellationToken stop)
    {
        try
        {
            var client = await _login();
            await Relearn(client);
            return client;
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or ImapProtocolException)
        {
            // The server is not back yet.
            await Task.Delay(50, stop);
            return null;
        }
    }

    private async Task Relearn(ImapClient client)
    {
        var before = _messages.ToLookup(message => message.MessageId);
        _messages.Clear();
        foreach (var mailbox in Mailboxes)
        {
            var folder = await FolderAsync(client, mailbox);
            await folder.OpenAsync(FolderAccess.ReadOnly);
            foreach (var message in await folder.FetchAsync(0, -1, MessageSummaryItems.UniqueId | MessageSummaryItems.Envelope | MessageSummaryItems.Flags))
            {
                var id = message.Envelope!.MessageId!;
                _messages.Add(new Known { MessageId = id, Mailbox = mailbox, Uid = message.UniqueId.Id, Flags = message.Flags!.Value & ~MessageFlags.Recent, Copied = before[id].Any(one => one.Copied) });
                Added.TryAdd(id, 1);
            }
            await folder.CloseAsync();
        }
        foreach (var copied in _messages.GroupBy(message => message.MessageId).Where(group => group.Count() > 1))
        {
            Added[copied.Key] = 2;
            foreach (var message in copied)
            {
                message.Copied = true;
            }
        }
    }

    private async Task Step(ImapClient client)
    {
        var free = _messages.Where(message => !message.Copied).ToList();
        var action = free.Count < 20 ? 0 : _random.Next(100);
        var (from, to) = (Mailboxes[_random.Next(Mailboxes.Length)], Mailboxes[_random.Next(Mailboxes.Length)]);
        var chosen = free.Where(message => message.Mailbox == from).OrderBy(_ => _random.Next()).Take(_random.Next(1, 6)).ToList();
        switch (action)
        {
            case < 35:
                await Add(client, from);
                break;
            case < 65:
                await Flag(client, from, chosen);
                break;
            case < 85 when to != from:
                await Move(client, from, to, chosen);
                break;
            case < 88 when to != from:
                await Copy(client, from, to, [.. chosen.Take(1)]);
                break;
            default:
                await Delete(client, from, [.. chosen.Take(2)]);
                break;
        }
    }

    private async Task Add(ImapClient client, string mailbox)
    {
        var message = new MimeMessage { Subject = $"message {++_added}", Body = new TextPart("plain") { Text = "Text.\r\n" }, MessageId = $"churn-{_seed}-{_added}@example.org" };
        message.From.Add(new MailboxAddress("Anna", "anna@example.org"));
        var folder = await FolderAsync(client, mailbox);
        Added[message.MessageId] = 1;
        var uid = await folder.AppendAsync(message);
        _messages.Add(new Known { MessageId = message.MessageId, Mailbox = mailbox, Uid = uid!.Value.Id });
    }

    private async Task Flag(ImapClient client, string mailbox, List<Known> chosen)
    {
        var flag = Toggled[_random.Next(Toggled.Length)];
        var set = _random.Next(2) == 0;
        await InAsync(client, mailbox, chosen, folder => folder.StoreAsync(Uids(chosen), new StoreFlagsRequest(set ? StoreAction.Add : StoreAction.Remove, flag) { Silent = true }));
        chosen.ForEach(message => message.Flags = set ? message.Flags | flag : message.Flags & ~flag);
    }

    private async Task Move(ImapClient client, string from, string to, List<Known> chosen)
    {
        var target = await FolderAsync(client, to);
        var uids = new Dictionary<uint, uint>();
        await InAsync(client, from, chosen, async folder =>
        {
            var map = await folder.MoveToAsync(Uids(chosen), target);
            uids = map!.Source.Zip(map.Destination).ToDictionary(pair => pair.First.Id, pair => pair.Second.Id);
        });
        foreach (var message in chosen)
        {
            (message.Mailbox, message.Uid) = (to, uids[message.Uid]);
            Moves++;
        }
    }

    private async Task Copy(ImapClient client, string from, string to, List<Known> chosen)
    {
        var target = await FolderAsync(client, to);
        chosen.ForEach(message => (message.Copied, Added[message.MessageId]) = (true, 2));
        await InAsync(client, from, chosen, folder => folder.CopyToAsync(Uids(chosen), target));
    }

    private async Task Delete(ImapClient client, string mailbox, List<Known> chosen)
    {
        await InAsync(client, mailbox, chosen, async folder =>
        {
            await folder.StoreAsync(Uids(chosen), new StoreFlagsRequest(StoreAction.Add, MessageFlags.Deleted) { Silent = true });
            await folder.ExpungeAsync(Uids(chosen));
        });
        _messages.RemoveAll(chosen.Contains);
    }

    private static List<UniqueId> Uids(List<Known> messages) => [.. messages.Select(message => new UniqueId(message.Uid)).Order()];

    private static async Task InAsync(ImapClient client, string mailbox, List<Known> chosen, Func<IMailFolder, Task> work)
    {
        if (chosen.Count > 0)
        {
            var folder = await FolderAsync(client, mailbox);
            await folder.OpenAsync(FolderAccess.ReadWrite);
            await work(folder);
        }
    }
}
