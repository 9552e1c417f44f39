using System.Net.Sockets;
using ImapGateway.Mail;
using ImapGateway.Storage.Postgres;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace ImapGateway.Tests.Storage.Postgres;

public class PostgresFailureTests
{
    private static DbUpdateException Answer(string state) => new("wrapped", new PostgresException("text", "ERROR", "ERROR", state));

    [Theory]
    [InlineData("40001", PostgresFault.Conflict)]
    [InlineData("40P01", PostgresFault.Conflict)]
    [InlineData("23505", PostgresFault.Conflict)]
    [InlineData("23503", PostgresFault.Conflict)]
    [InlineData("23502", PostgresFault.OfJob)]
    [InlineData("42P01", PostgresFault.OfJob)]
    [InlineData("22001", PostgresFault.OfJob)]
    [InlineData("57P01", PostgresFault.Broken)]
    [InlineData("57P02", PostgresFault.Broken)]
    [InlineData("25P03", PostgresFault.Broken)]
    [InlineData("57P03", PostgresFault.Away)]
    [InlineData("57014", PostgresFault.Away)]
    [InlineData("53100", PostgresFault.Away)]
    [InlineData("53300", PostgresFault.Away)]
    [InlineData("25006", PostgresFault.Away)]
    [InlineData("28P01", PostgresFault.Away)]
    [InlineData("3D000", PostgresFault.Away)]
    [InlineData("58030", PostgresFault.Away)]
    [InlineData("XX000", PostgresFault.Away)]
    [InlineData("XX001", PostgresFault.Corrupt)]
    [InlineData("XX002", PostgresFault.Corrupt)]
    public void The_state_tells_whose_fault_it_is(string state, object fault) => Assert.Equal(fault, PostgresFailure.Classify(Answer(state)));

    [Fact]
    public void A_lost_connection_is_tried_again_and_a_silent_server_is_not()
    {
        Assert.Equal(PostgresFault.Broken, PostgresFailure.Classify(new NpgsqlException("x", new IOException())));
        Assert.Equal(PostgresFault.Away, PostgresFailure.Classify(new NpgsqlException("x", new TimeoutException())));
        Assert.Equal(PostgresFault.Away, PostgresFailure.Classify(new NpgsqlException("x", new SocketException((int)SocketError.ConnectionRefused))));
        Assert.Equal(PostgresFault.Broken, PostgresFailure.Classify(new NpgsqlException("x", new IOException("x", new SocketException((int)SocketError.ConnectionReset)))));
        Assert.Equal(PostgresFault.OfJob, PostgresFailure.Classify(new InvalidOperationException("x")));
    }

    [Theory]
    [InlineData("40001", false)]
    [InlineData("23505", false)]
    [InlineData("53100", false)]
    [InlineData("57P01", true)]
    public void Only_a_server_that_said_no_has_not_committed(string state, bool doubt) => Assert.Equal(doubt, PostgresFailure.LeavesCommitInDoubt(Answer(state)));

    [Fact]
    public void A_connection_that_ended_in_a_commit_leaves_it_in_doubt()
    {
        Assert.True(PostgresFailure.LeavesCommitInDoubt(new NpgsqlException("x", new IOException())));
        Assert.True(PostgresFailure.LeavesCommitInDoubt(new NpgsqlException("x", new TimeoutException())));
        Assert.False(PostgresFailure.LeavesCommitInDoubt(new InvalidOperationException("x")));
    }

    [Fact]
    public void A_conflict_that_never_ends_is_unavailable_and_a_constraint_is_the_jobs_own()
    {
        var repeats = new Repeats();
        var runs = 1;
        while (repeats.Next(Answer("40001")) is not null)
        {
            runs++;
        }
        Assert.InRange(runs, 10, 1000);
        Assert.Equal(ErrorCode.Unavailable, Assert.IsType<ProblemException>(PostgresFailure.Translate(Answer("40001"))).Code);
        var doubled = Answer("23505");
        Assert.Same(doubled, PostgresFailure.Translate(doubled));
    }

    [Fact]
    public void What_the_client_is_told_names_no_server()
    {
        var told = Assert.IsType<ProblemException>(PostgresFailure.Translate(new NpgsqlException("Failed to connect to 10.0.0.1:5432", new IOException())));
        Assert.DoesNotContain("10.0.0.1", told.Problem.Detail, StringComparison.Ordinal);
        Assert.True(told.Problem.RetryAfter > TimeSpan.Zero);
    }
}
