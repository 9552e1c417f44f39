using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using GraphQL.Validation;
using GraphQLParser.AST;
using ImapGateway.Access;

namespace ImapGateway.GraphQL.Execution;

/// <summary>The properties that responses of a subscription have in common: with the same item, equal forms give equal responses.</summary>
/// <param name="Selection">The selection of the plan, which is shared by all clients that send the same document.</param>
/// <param name="Variables">The variables that the response depends on, as JSON; the start of the subscription does not count.</param>
/// <param name="IsRead">True if all of it is read from the item: it never becomes out of date.</param>
/// <param name="Scopes">The scopes of the caller.</param>
public sealed record AnswerForm(PlanSelection Selection, string Variables, bool IsRead, Scope Scopes)
{
    /// <param name="root">The field that is subscribed to.</param>
    public static AnswerForm Of(Plan plan, PlanField root, Variables variables)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var field in plan.Fields)
        {
            names.UnionWith((field.Conditions ?? []).SelectMany(all => all).Select(condition => condition.Variable));
            if (field != root)
            {
                names.UnionWith((field.Ast.Arguments?.Items ?? []).SelectMany(argument => In(argument.Value)));
            }
        }
        var text = new StringBuilder();
        foreach (var name in names)
        {
            text.Append(variables.ValueFor(name, out var value) ? JsonSerializer.Serialize(value.Value) : "-").Append('\n');
        }
        return new AnswerForm(plan.Root, text.ToString(), root.Selections.Values.All(selection => selection.Slots.Count == 0), Scope.None);
    }

    private static IEnumerable<string> In(GraphQLValue value) => value switch
    {
        GraphQLVariable variable => [variable.Name.StringValue],
        GraphQLListValue list => (list.Values ?? []).SelectMany(In),
        GraphQLObjectValue members => (members.Fields ?? []).SelectMany(field => In(field.Value)),
        _ => [],
    };
}

/// <summary>
/// Shares responses among equal subscriptions: a thousand clients get the same bytes, made for the first of them. A value that needed a request is shared by those that come while it is
/// being read, and read again for those that come later.
/// </summary>
public sealed class SharedAnswers
{
    private readonly ConditionalWeakTable<object, ConcurrentDictionary<AnswerForm, Lazy<Task<byte[]>>>> _answers = [];

    public async Task<byte[]> AnswerAsync(object item, AnswerForm form, Func<Task<byte[]>> make)
    {
        var answers = _answers.GetValue(item, static _ => new());
        var answer = answers.GetOrAdd(form, static (_, make) => new Lazy<Task<byte[]>>(make), make);
        try
        {
            return await answer.Value;
        }
        finally
        {
            if (!form.IsRead || !answer.Value.IsCompletedSuccessfully)
            {
                answers.TryRemove(KeyValuePair.Create(form, answer));
            }
        }
    }
}
