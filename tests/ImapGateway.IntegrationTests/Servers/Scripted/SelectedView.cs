using System.Globalization;

namespace ImapGateway.IntegrationTests.Servers.Scripted;

/// <summary>The selected mailbox as one session has been told of it: its sequence numbers hold until it is told more.</summary>
internal sealed class SelectedView
{
    private readonly List<(ScriptedMessage Message, long ModSeq)> _known;
    private long _toldVersion = -1;

    public SelectedView(ScriptedMailbox mailbox, bool readOnly)
    {
        (Mailbox, ReadOnly) = (mailbox, readOnly);
        _known = [.. mailbox.Stored.Select(message => (message, message.ModSeq))];
    }

    public ScriptedMailbox Mailbox { get; }

    public bool ReadOnly { get; }

    /// <summary>The messages a sequence set means (RFC 9051 section 9), with their sequence numbers.</summary>
    public IReadOnlyList<(int Sequence, ScriptedMessage Message)> Find(string set, bool uids)
    {
        var largest = _known.Count == 0 ? 0 : uids ? _known[^1].Message.Uid : (uint)_known.Count;
        var ranges = set.Split(',').Select(range => range.Split(':').Select(n => n == "*" ? largest : uint.Parse(n, CultureInfo.InvariantCulture)).ToArray()).ToArray();
        return [.. _known.Select((known, i) => (Sequence: i + 1, known.Message)).Where(m => ranges.Any(r => Within(uids ? m.Message.Uid : (uint)m.Sequence, r[0], r[^1])))];
    }

    /// <summary>The client has just been told of these flags, or has set them silently.</summary>
    public void Knows(ScriptedMessage message)
    {
        var at = _known.FindIndex(known => known.Message == message);
        if (at >= 0)
        {
            _known[at] = (message, message.ModSeq);
        }
    }

    public void Tell(ScriptedSession session, bool mayExpunge) => session.Server.Locked(() =>
    {
        if (_toldVersion == Mailbox.Version)
        {
            return true;
        }
        _toldVersion = mayExpunge ? Mailbox.Version : _toldVersion;
        var stored = Mailbox.Stored.ToHashSet();
        for (var i = _known.Count - 1; i >= 0 && mayExpunge; i--)
        {
            if (!stored.Contains(_known[i].Message))
            {
                _known.RemoveAt(i);
                session.Say(string.Create(CultureInfo.InvariantCulture, $"* {i + 1} EXPUNGE"));
            }
        }

        for (var i = 0; i < _known.Count; i++)
        {
            var (message, told) = _known[i];
            if (message.ModSeq != told)
            {
                _known[i] = (message, message.ModSeq);
                session.Say(string.Create(CultureInfo.InvariantCulture, $"* {i + 1} FETCH (FLAGS ({string.Join(' ', message.Flags)}){ModSeq(session, message)})"));
            }
        }

        var added = Mailbox.Stored.Except(_known.Select(known => known.Message)).ToArray();
        if (added.Length > 0)
        {
            _known.AddRange(added.Select(message => (message, message.ModSeq)));
            session.Say(string.Create(CultureInfo.InvariantCulture, $"* {_known.Count} EXISTS"));
        }

        return true;
    });

    private static string ModSeq(ScriptedSession session, ScriptedMessage message) =>
        session.CondStore ? string.Create(CultureInfo.InvariantCulture, $" MODSEQ ({session.Server.Options.OnlyModSeq ?? message.ModSeq})") : "";

    private static bool Within(uint number, uint one, uint other) => number >= Math.Min(one, other) && number <= Math.Max(one, other);
}
