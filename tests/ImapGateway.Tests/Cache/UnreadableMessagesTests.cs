using ImapGateway.Cache;
using ImapGateway.Mail;
using Microsoft.Extensions.Time.Testing;

namespace ImapGateway.Tests.Cache;

public class UnreadableMessagesTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly UnreadableMessages _messages;

    public UnreadableMessagesTests() => _messages = new UnreadableMessages(_time);

    private static MessageHeaders Placeholder { get; } = MessageHeaders.Placeholder(null, 0, new Problem(ErrorCode.AccountProtocol, "It says nothing."));

    private static HeaderKey Key(uint uid) => new(1, 1, uid);

    [Fact]
    public void The_pause_before_a_message_is_tried_again_grows_up_to_an_hour()
    {
        var pauses = new List<double>();
        for (var times = 0; times < 15; times++)
        {
            _messages.Failed(Key(7), "INBOX", Placeholder);
            var began = _time.GetUtcNow();
            while (_messages.Find(Key(7)) is not null)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
            }
            pauses.Add((_time.GetUtcNow() - began).TotalSeconds);
        }
        Assert.InRange(pauses[0], 5, 11);
        Assert.InRange(pauses[1], 10, 21);
        Assert.InRange(pauses[3], 40, 81);
        Assert.All(pauses[10..], pause => Assert.InRange(pause, 1800, 3601));
    }

    [Fact]
    public void A_message_that_could_be_read_begins_anew()
    {
        for (var times = 0; times < 5; times++)
        {
            _messages.Failed(Key(7), "INBOX", Placeholder);
        }
        Assert.True(_messages.Remove(Key(7)));
        Assert.Null(_messages.Find(Key(7)));
        Assert.False(_messages.Remove(Key(7)));
        _messages.Failed(Key(7), "INBOX", Placeholder);
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.Null(_messages.Find(Key(7)));
    }

    [Fact]
    public void The_account_is_told_one_of_them_and_how_many_there_are()
    {
        Assert.Null(_messages.Summary());
        _messages.Failed(Key(9), "Archive", Placeholder);
        Assert.Equal("The message with the uid 9 in the mailbox Archive cannot be read. It says nothing.", _messages.Summary()!.Detail);
        _messages.Failed(Key(7), "INBOX", Placeholder);
        Assert.Equal((ErrorCode.AccountProtocol, "The message with the uid 7 in the mailbox INBOX cannot be read. It says nothing. The same is true of 1 more."), (_messages.Summary()!.Code, _messages.Summary()!.Detail));
        _messages.Remove(Key(7));
        _messages.Remove(Key(9));
        Assert.Null(_messages.Summary());
    }

    [Fact]
    public void Headers_that_are_long_are_not_kept()
    {
        var subject = new string('x', 100);
        _messages.Failed(Key(1), "INBOX", Placeholder with { Subject = subject, Size = 7 });
        _messages.Failed(Key(2), "INBOX", Placeholder with { Subject = new string('x', 10_000), Size = 7 });
        Assert.Equal((subject, 7), (_messages.Find(Key(1))!.Subject, _messages.Find(Key(1))!.Size));
        Assert.Equal((null, 7), (_messages.Find(Key(2))!.Subject, _messages.Find(Key(2))!.Size));
        Assert.NotNull(_messages.Find(Key(2))!.Problem);
    }

    [Fact]
    public void Only_so_many_are_remembered()
    {
        for (var uid = 1u; uid <= 5_000; uid++)
        {
            _messages.Failed(Key(uid), "INBOX", Placeholder);
        }
        Assert.Equal(500, Enumerable.Range(1, 5_000).Count(uid => _messages.Find(Key((uint)uid)) is not null));
    }
}
