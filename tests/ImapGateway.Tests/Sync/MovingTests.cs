using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Changes;
using ImapGateway.Mail;

namespace ImapGateway.Tests.Sync;

/// <summary>Whatever other clients do, and in whatever order the gateway gets to see it: who follows the changes knows what a list shows, at every moment.</summary>
public class MovingTests
{
    public enum Kind
    {
        Deliver,
        DeliverAlike,
        Flag,
        Expunge,
        Copy,
        Move,
        MoveByGateway,
        MoveByGatewayUntold,
        Look,
        Wait,
        Restart,
    }

    public sealed record Step(Kind Kind, int Seed);

    private static readonly Flags[] SomeFlags = [Flags.None, Flags.Of(Flags.Seen), Flags.Of(Flags.Seen, Flags.Flagged), Flags.Of("work")];

    private static Arbitrary<Step[]> Histories(params Kind[] kinds)
    {
        var step = from kind in Gen.Elements(kinds) from seed in Gen.Choose(0, int.MaxValue) select new Step(kind, seed);
        var history = from length in Gen.Choose(1, 60) from steps in step.ArrayOf(length) select steps;
        return Arb.From(history, steps => Enumerable.Range(0, steps.Length).Select(gone => steps.Where((_, at) => at != gone).ToArray()));
    }

    private static void Do(MovingModel model, Step step, ref int letters)
    {
        var random = new Random(step.Seed);
        var (box, to) = (random.Next(model.Mailboxes), random.Next(model.Mailboxes));
        var at = model.Count(box) == 0 ? -1 : random.Next(model.Count(box));
        switch (step.Kind)
        {
            case Kind.Deliver:
                model.Deliver(box, $"letter{letters++}");
                break;
            case Kind.DeliverAlike:
                model.Deliver(box, "circular");
                break;
            case Kind.Look:
                model.Look(box);
                break;
            case Kind.Wait:
                model.Wait(random.Next(80));
                break;
            case Kind.Restart:
                model.Restart();
                break;
            case Kind.Flag when at >= 0:
                model.Flag(box, at, SomeFlags[random.Next(SomeFlags.Length)]);
                break;
            case Kind.Expunge when at >= 0:
                model.Expunge(box, at);
                break;
            case Kind.Copy when at >= 0:
                model.Copy(box, at, to);
                break;
            case Kind.Move when at >= 0:
                model.Move(box, at, to);
                break;
            case Kind.MoveByGateway or Kind.MoveByGatewayUntold when at >= 0 && to != box:
                model.MoveByGateway(box, at, to, step.Kind == Kind.MoveByGateway);
                break;
            default:
                break;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void The_changes_add_up_to_what_is_shown_and_in_the_end_to_what_the_server_has(int mailboxes) =>
        Prop.ForAll(Histories([.. Enum.GetValues<Kind>(), Kind.Look, Kind.Look]), steps =>
        {
            var model = new MovingModel(mailboxes);
            var letters = 0;
            foreach (var step in steps)
            {
                Do(model, step, ref letters);
            }
            model.Rest();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(600));

    /// <summary>As long as no two messages are alike and the window has not passed, nothing but moves is told of moves.</summary>
    [Fact]
    public void Messages_that_are_only_moved_keep_their_ids() =>
        Prop.ForAll(Histories(Kind.Move, Kind.Move, Kind.Flag, Kind.Look, Kind.Look, Kind.MoveByGateway, Kind.MoveByGatewayUntold, Kind.Restart), steps =>
        {
            var model = new MovingModel(3);
            var letters = 0;
            for (var i = 0; i < 6; i++)
            {
                model.Deliver(i % 3, $"letter{letters++}");
            }
            model.Rest();
            var before = model.Ids().ToDictionary(one => one.Key, one => one.Single());
            var told = model.Feed.Count;
            foreach (var step in steps)
            {
                Do(model, step, ref letters);
                // The other half comes in time, whichever is first.
                for (var looks = new Random(step.Seed).Next(4); looks > 0; looks--)
                {
                    model.Look(new Random(step.Seed + looks).Next(3));
                }
            }
            model.Rest();
            Assert.Equal(before.OrderBy(one => one.Key), model.Ids().ToDictionary(one => one.Key, one => one.Single()).OrderBy(one => one.Key));
            Assert.All(model.Feed.Skip(told), change => Assert.True(change is MessageMoved or MessageFlagsChanged, change.ToString()));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(600));

    [Fact]
    public void What_cannot_match_waits_for_nothing()
    {
        var model = new MovingModel(3);
        model.Deliver(0, "one");
        model.Look(0);
        Assert.IsType<MessageAdded>(Assert.Single(model.Feed));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_move_is_told_at_once_whichever_side_is_seen_first(bool sourceFirst)
    {
        var model = Settled("one");
        var id = model.Ids()["one"].Single();
        model.Move(0, 0, 1);
        model.Look(sourceFirst ? 0 : 1);
        Assert.Empty(model.Feed);
        model.Look(sourceFirst ? 1 : 0);
        Assert.Equal(id, Assert.IsType<MessageMoved>(Assert.Single(model.Feed)).Id);
    }

    [Fact]
    public void Away_and_back_is_two_moves_where_both_are_seen()
    {
        var model = Settled("one");
        model.Move(0, 0, 1);
        model.Look(0);
        model.Look(1);
        model.Move(1, 0, 0);
        model.Look(0);
        model.Look(1);
        Assert.Equal(["box2", "box1"], model.Feed.Cast<MessageMoved>().Select(moved => moved.MailboxId == model.IdOf(1) ? "box2" : "box1"));
    }

    [Fact]
    public void Away_and_back_between_two_looks_is_one_move_to_where_it_was()
    {
        var model = Settled("one");
        model.Move(0, 0, 1);
        model.Move(1, 0, 0);
        model.Look(0);
        var moved = Assert.IsType<MessageMoved>(Assert.Single(model.Feed));
        Assert.Equal(moved.FromMailboxId, moved.MailboxId);
    }

    [Fact]
    public void A_copy_is_a_message_of_its_own_and_stays_one_when_the_original_is_deleted_after_the_window()
    {
        var model = Settled("one");
        var id = model.Ids()["one"].Single();
        model.Copy(0, 0, 1);
        model.Rest();
        var copy = Assert.IsType<MessageAdded>(Assert.Single(model.Feed));
        Assert.NotEqual(id, copy.Id);
        model.Expunge(0, 0);
        model.Rest();
        Assert.Equal(id, Assert.IsType<MessageRemoved>(model.Feed[1]).Id);
        Assert.Equal(2, model.Feed.Count);
    }

    [Fact]
    public void A_copy_whose_original_is_deleted_within_the_window_was_a_move()
    {
        var model = Settled("one");
        model.Copy(0, 0, 1);
        model.Look(1);
        model.Expunge(0, 0);
        model.Look(0);
        Assert.IsType<MessageMoved>(Assert.Single(model.Feed));
    }

    [Fact]
    public void Flags_that_change_on_the_way_are_told_after_the_move()
    {
        var model = Settled("one");
        model.Move(0, 0, 1);
        model.Flag(1, 0, Flags.Of(Flags.Seen));
        model.Look(0);
        model.Look(1);
        Assert.Equal(Flags.None, Assert.IsType<MessageMoved>(model.Feed[0]).Flags);
        Assert.Equal([Flags.Seen], Assert.IsType<MessageFlagsChanged>(model.Feed[1]).Added);
        Assert.Equal(2, model.Feed.Count);
    }

    [Fact]
    public void The_end_of_the_window_alone_decides_nothing_while_a_mailbox_has_not_been_looked_at_since()
    {
        var model = Settled("one");
        model.Move(0, 0, 2);
        model.Look(0);
        model.Look(1);
        model.Wait(1000);
        Assert.Empty(model.Feed);
        model.Look(2);
        Assert.IsType<MessageMoved>(Assert.Single(model.Feed));
    }

    private static MovingModel Settled(string content)
    {
        var model = new MovingModel(3);
        model.Deliver(0, content);
        model.Rest();
        model.Feed.Clear();
        return model;
    }
}
