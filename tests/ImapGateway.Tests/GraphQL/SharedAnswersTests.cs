using ImapGateway.Access;
using ImapGateway.GraphQL.Execution;
using Microsoft.Extensions.DependencyInjection;

namespace ImapGateway.Tests.GraphQL;

/// <summary>A thousand who follow the same thing cost as much as one.</summary>
public class SharedAnswersTests
{
    private static readonly string Follow = "subscription ($after: String, $show: Boolean = true) { allChanges(after: $after) { id @include(if: $show) sequence } }";

    [Fact]
    public async Task What_is_read_off_an_item_is_made_once_whoever_asks_and_however_late()
    {
        var (answers, made) = (new SharedAnswers(), 0);
        var (item, form) = (new object(), await Form(Follow, ("after", "0")));
        Assert.True(form.IsRead);
        var first = await answers.AnswerAsync(item, form, Make);
        Assert.Same(first, await answers.AnswerAsync(item, await Form(Follow, ("after", "latest")), Make));
        Assert.Equal(1, made);
        Assert.NotSame(first, await answers.AnswerAsync(new object(), form, Make));
        Assert.NotSame(first, await answers.AnswerAsync(item, form with { Scopes = Scope.MailRead }, Make));
        Assert.NotSame(first, await answers.AnswerAsync(item, await Form(Follow, ("show", false)), Make));
        Assert.Equal(4, made);

        Task<byte[]> Make() => Task.FromResult(new[] { (byte)made++ });
    }

    [Fact]
    public async Task What_has_to_be_asked_for_is_shared_while_it_is_asked_for_and_no_longer()
    {
        var (answers, made, server) = (new SharedAnswers(), 0, new TaskCompletionSource<byte[]>());
        var (item, form) = (new object(), (await Form(Follow)) with { IsRead = false });
        var both = Task.WhenAll(answers.AnswerAsync(item, form, Make), answers.AnswerAsync(item, form, Make));
        server.SetResult([1]);
        await both;
        Assert.Equal(1, made);
        await answers.AnswerAsync(item, form, Make);
        Assert.Equal(2, made);

        Task<byte[]> Make()
        {
            made++;
            return server.Task;
        }
    }

    [Fact]
    public async Task What_has_failed_is_tried_again()
    {
        var (answers, item, form) = (new SharedAnswers(), new object(), await Form(Follow));
        await Assert.ThrowsAsync<InvalidOperationException>(() => answers.AnswerAsync(item, form, () => Task.FromException<byte[]>(new InvalidOperationException())));
        Assert.Equal([7], await answers.AnswerAsync(item, form, () => Task.FromResult<byte[]>([7])));
    }

    private static async Task<AnswerForm> Form(string query, params (string Name, object Value)[] variables)
    {
        var gateway = Gateway.Value;
        var inputs = new global::GraphQL.Inputs(variables.ToDictionary(variable => variable.Name, variable => (object?)variable.Value));
        var (plan, values, errors) = await gateway.Services.GetRequiredService<Documents>().FindAsync(new GraphRequest(query, null, inputs), default);
        Assert.Empty(errors);
        return AnswerForm.Of(plan!, plan!.Root.Fields[0], values);
    }

    private static readonly Lazy<Microsoft.AspNetCore.Builder.WebApplication> Gateway = new(() => Program.Build([]));
}
