using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;

namespace ImapGateway.Imap;

/// <summary>
/// An IMAP client that streams literals and counts answers. MailKit collects a literal in memory, and forgets which section it was, unless its folders are replaced. It also collects all data that
/// a server sends while a command runs: this class counts the answers and leaves out unrequested data.
/// </summary>
/// <param name="answers">Limits the data that the server can send.</param>
/// <param name="mostFolders">The maximum number of mailboxes that MailKit remembers for one connection.</param>
public sealed class StreamingImapClient(AnswerLimit answers, int mostFolders) : ImapClient
{
    private const int MostAnswered = 1000;

    private readonly List<SectionStream> _unnamed = [];
    private int _folders;

    private AnswerLimit Answers => answers;

    /// <summary>The uids of the messages that the server has answered so far in the last FETCH, as long as there are not too many.</summary>
    public HashSet<uint> Answered { get; } = [];

    /// <summary>Receives the section that it expects, as it arrives, while it is set.</summary>
    public LiteralStream? Sink { get; set; }

    /// <summary>
    /// Returns the section, and those that have arrived after it and before the uid of their message. The items of FETCH come in any order (RFC 3501 section 7.4.2); if the uid comes last, MailKit
    /// passes on the first section only.
    /// </summary>
    public IReadOnlyList<SectionStream> With(SectionStream section)
    {
        var first = _unnamed.IndexOf(section);
        if (first < 0)
        {
            return [section];
        }
        var sections = _unnamed[first..];
        _unnamed.RemoveRange(first, sections.Count);
        return sections;
    }

    /// <summary>Forgets the sections, because no more of this command will come.</summary>
    public void ForgetSections() => _unnamed.Clear();

    /// <summary>Called when a SELECT with a parameter of an extension was refused, with the refusal and a function that sends it again.</summary>
    public Func<ImapCapabilities, ImapCommandException, Func<Task>, Task>? OpenPlainly { get; set; }

    /// <summary>Called with a mailbox that the server has reported on: its counters, its flags, its removals. Issues no commands.</summary>
    public Action<ImapFolder>? Heard { get; set; }

    /// <summary>Called when a mailbox was created, renamed, deleted, subscribed or unsubscribed.</summary>
    public Action? HeardOfTree { get; set; }

    /// <summary>Called when an answer about a message was parsed to its end, or is being copied.</summary>
    public Action? Parsed { get; set; }

    protected override ImapFolder CreateImapFolder(ImapFolderConstructorArgs args) =>
        ++_folders <= mostFolders ? new StreamingImapFolder(args, this) : throw new FloodException("The mail server names mailboxes without end.");

    private sealed class StreamingImapFolder(ImapFolderConstructorArgs args, StreamingImapClient client) : ImapFolder(args)
    {
        private bool _opening;

        public override Task<FolderAccess> OpenAsync(FolderAccess access, CancellationToken cancellationToken = default) =>
            OpenAsync(access, () => OpenAsync(ImapCapabilities.CondStore, () => base.OpenAsync(access, cancellationToken), () => base.OpenAsync(access, cancellationToken)), cancellationToken);

        public override Task<FolderAccess> OpenAsync(FolderAccess access, uint uidValidity, ulong highestModSeq, IList<UniqueId> uids, CancellationToken cancellationToken = default) =>
            OpenAsync(
                access,
                () => OpenAsync(ImapCapabilities.QuickResync, () => base.OpenAsync(access, uidValidity, highestModSeq, uids, cancellationToken), () => base.OpenAsync(access, cancellationToken)),
                cancellationToken);

        private async Task OpenAsync(ImapCapabilities extension, Func<Task> open, Func<Task> plainly)
        {
            try
            {
                await open();
            }
            catch (ImapCommandException e) when (client.Capabilities.HasFlag(extension) && client.OpenPlainly is not null)
            {
                await client.OpenPlainly(extension, e, plainly);
            }
        }

        /// <summary>
        /// Adds data that SELECT should have reported and has not. READ-WRITE is only a SHOULD (RFC 3501 section 6.3.1). Without a UIDVALIDITY uids need not last (section 7.1), but those of
        /// servers that leave it out do: STATUS reports it, or it is always the same one.
        /// </summary>
        private async Task<FolderAccess> OpenAsync(FolderAccess access, Func<Task> open, CancellationToken cancel)
        {
            var counted = UidValidity;
            (_opening, UidValidity) = (true, 0);
            try
            {
                await open();
                if (UidValidity == 0 && counted == 0)
                {
                    await CountUidValidityAsync(cancel);
                }
                counted = counted == 0 ? 1 : counted;
            }
            finally
            {
                UidValidity = UidValidity == 0 ? counted : UidValidity;
                _opening = false;
            }
            return Access = Access == FolderAccess.None ? access : Access;
        }

        private async Task CountUidValidityAsync(CancellationToken cancel)
        {
            try
            {
                await StatusAsync(StatusItems.UidValidity, cancel);
            }
            catch (ImapCommandException)
            {
                // The server does not report it in any way.
            }
        }

        public override async Task<IList<IMessageSummary>> FetchAsync(IList<UniqueId> uids, IFetchRequest request, CancellationToken cancellationToken = default)
        {
            using var expected = client.Answers.Expect(uids is UniqueIdRange ? Count : uids.Count, request);
            // A range is in order already, and may have billions of numbers.
            IList<UniqueId> asked = uids is UniqueIdRange ? uids : UidSet.Ascending(uids);
            client.Answered.Clear();
            var summaries = await base.FetchAsync(asked, request, cancellationToken);
            // The server reports flags of other messages in between (RFC 3501 section 7.4.2), and a hostile server can report anything.
            return [.. summaries.Where(summary => summary.UniqueId.IsValid && asked.Contains(summary.UniqueId))];
        }

        public override async Task<IList<IMessageSummary>> FetchAsync(int min, int max, IFetchRequest request, CancellationToken cancellationToken = default)
        {
            client.Answered.Clear();
            using var expected = client.Answers.Expect((max < 0 ? Count - 1 : max) - min + 1, request);
            return await base.FetchAsync(min, max, request, cancellationToken);
        }

        public override async Task<IList<UniqueId>> SearchAsync(SearchQuery query, CancellationToken cancellationToken = default) =>
            Plausible(await base.SearchAsync(query, cancellationToken));

        public override async Task<SearchResults> SearchAsync(SearchOptions options, SearchQuery query, CancellationToken cancellationToken = default)
        {
            var results = await base.SearchAsync(options, query, cancellationToken);
            Plausible(results.UniqueIds);
            return results;
        }

        /// <summary>
        /// Returns the uids if their number is plausible. A range such as 1:* costs a server nothing to send, and the gateway all its memory to expand. MailKit's count of more than 2 billion is
        /// negative.
        /// </summary>
        private IList<UniqueId> Plausible(IList<UniqueId> uids) =>
            uids.Count >= 0 && uids.Count <= Count + AnswerLimit.MostUnasked ? uids : throw new FloodException("The mail server finds more messages than the mailbox has.");

        protected override Stream CreateStream(UniqueId? uid, string section, int offset, int length)
        {
            if (client.Sink is { } sink)
            {
                return sink.Begin(uid?.Id, section, offset, length) ? sink : Stream.Null;
            }
            var stream = new SectionStream(section, offset, client.Parsed);
            if (uid is null)
            {
                client._unnamed.Add(stream);
            }
            return stream;
        }

        protected override Stream CommitStream(Stream stream, UniqueId uid, string section, int offset, int length) => stream;

        protected override void OnMessageSummaryFetched(IMessageSummary message)
        {
            client.Parsed?.Invoke();
            base.OnMessageSummaryFetched(message);
            client.Answers.Count();
            if (client.Answered.Count < MostAnswered)
            {
                client.Answered.Add(message.UniqueId.Id);
            }
        }

        // Overridden rather than subscribed to: a watched account has many mailboxes, and most of the time no news.
        protected override void OnCountChanged()
        {
            base.OnCountChanged();
            client.Heard?.Invoke(this);
        }

        protected override void OnUidNextChanged()
        {
            base.OnUidNextChanged();
            client.Heard?.Invoke(this);
        }

        protected override void OnHighestModSeqChanged()
        {
            base.OnHighestModSeqChanged();
            client.Heard?.Invoke(this);
        }

        protected override void OnUnreadChanged()
        {
            base.OnUnreadChanged();
            client.Heard?.Invoke(this);
        }

        protected override void OnUidValidityChanged()
        {
            base.OnUidValidityChanged();
            if (!_opening)
            {
                client.Heard?.Invoke(this);
            }
        }

        protected override void OnMessageExpunged(MessageEventArgs args)
        {
            base.OnMessageExpunged(args);
            client.Heard?.Invoke(this);
        }

        protected override void OnMessagesVanished(MessagesVanishedEventArgs args)
        {
            base.OnMessagesVanished(args);
            client.Heard?.Invoke(this);
        }

        protected override void OnMessageFlagsChanged(MessageFlagsChangedEventArgs args)
        {
            base.OnMessageFlagsChanged(args);
            client.Heard?.Invoke(this);
        }

        protected override void OnRenamed(string oldName, string newName)
        {
            base.OnRenamed(oldName, newName);
            client.HeardOfTree?.Invoke();
        }

        protected override void OnDeleted()
        {
            base.OnDeleted();
            client.HeardOfTree?.Invoke();
        }

        protected override void OnSubscribed()
        {
            base.OnSubscribed();
            client.HeardOfTree?.Invoke();
        }

        protected override void OnUnsubscribed()
        {
            base.OnUnsubscribed();
            client.HeardOfTree?.Invoke();
        }
    }
}

/// <summary>A section that is small enough for the memory.</summary>
/// <param name="written">Called whenever octets have arrived.</param>
public sealed class SectionStream(string section, long offset, Action? written) : MemoryStream
{
    /// <summary>The position of the first octet in the section.</summary>
    public long Offset => offset;

    public string Section => section;

    public override void Write(byte[] buffer, int offset, int count)
    {
        written?.Invoke();
        base.Write(buffer, offset, count);
    }
}
