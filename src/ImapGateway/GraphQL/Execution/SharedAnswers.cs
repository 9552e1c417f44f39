using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using GraphQL.Validation;
using GraphQLParser.AST;
using ImapGateway.Access;

namespace ImapGateway.GraphQL.Execution;

/// <summary>What answers of a subscription have in common: with the same item, equal forms give equal answers.</summary>
/// <param name="Selection">Of the plan, which is one for all who send the same document.</param>
/// <param name="Variables">Those that the answer depends on, as JSON; where the subscription begins does not count.</param>
/// <param name="IsRead">All of it is read off the item: it never becomes out of date.</param>
/// <param name="Scopes">Of the caller.</param>
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
/// A thousand who follow the same thing in the same way are given the same bytes, made by the first who needs them. What had to be asked for is shared by those who come while it is
/// being read, and read anew for those who come later.
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
