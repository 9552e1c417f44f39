using System.Collections.Concurrent;
using GraphQL.Types;
using GraphQL.Validation;
using GraphQL.Validation.Rules.Custom;
using GraphQLParser;
using GraphQLParser.AST;
using GraphQLParser.Exceptions;
using ImapGateway.Mail;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace ImapGateway.GraphQL.Execution;

/// <summary>A valid document, and the plans of its operations.</summary>
public sealed record KnownDocument(GraphQLDocument Document)
{
    /// <summary>The plans by the start of the operation in the document.</summary>
    public ConcurrentDictionary<int, Plan> Plans { get; } = new();
}

/// <summary>Parses, counts and validates documents, and remembers the valid ones: clients send the same few again and again.</summary>
public sealed class Documents(ISchema schema, IOptions<GraphQLOptions> options) : IDisposable
{
    /// <summary>The largest number of characters of all remembered documents; with its plan a document takes some fifty times as many bytes.</summary>
    private const int MostCharacters = 512 * 1024;

    /// <summary>The largest depth of the parser: deeper than any document within the limits, and not so deep that the stack overflows.</summary>
    private const int ParserDepth = 128;

    /// <summary>The largest number of errors that are reported; a client corrects these first.</summary>
    private const int MostErrors = 50;

    private static readonly TimeSpan Unused = TimeSpan.FromHours(1);

    private readonly MemoryCache _known = new(new MemoryCacheOptions { SizeLimit = MostCharacters, CompactionPercentage = 0.2 });
    private readonly DocumentValidator _validator = new();
    private readonly IValidationRule[] _rules = options.Value.Introspection ? [.. DocumentValidator.CoreRules] : [.. DocumentValidator.CoreRules, NoIntrospectionValidationRule.Instance];

    /// <summary>Returns the operation's plan and the values of its variables, or the errors of the request.</summary>
    public async Task<(Plan? Plan, Variables Variables, IReadOnlyList<GraphError> Errors)> FindAsync(GraphRequest request, CancellationToken cancel)
    {
        if (_known.Get<KnownDocument>(request.Query) is { } known)
        {
            return Operation(known.Document, request) is { } operation
                ? await WithVariablesAsync(known, operation, request, cancel)
                : (null, Variables.None, [NoSuchOperation(request.OperationName)]);
        }
        var document = Parse(request.Query);
        new DocumentBudget(document, options.Value).Demand();
        if (Operation(document, request) is not { } chosen)
        {
            return (null, Variables.None, [NoSuchOperation(request.OperationName)]);
        }
        var result = await _validator.ValidateAsync(new ValidationOptions
        {
            Schema = schema,
            Document = document,
            Rules = _rules,
            Operation = chosen,
            Variables = request.Variables,
            CancellationToken = cancel,
        });
        if (!result.IsValid)
        {
            return (null, Variables.None, [.. result.Errors.Take(MostErrors).Select(GraphError.Of)]);
        }
        var valid = new KnownDocument(document);
        _known.Set(request.Query, valid, new MemoryCacheEntryOptions { Size = request.Query.Length, SlidingExpiration = Unused });
        return (PlanOf(valid, chosen), result.Variables ?? Variables.None, []);
    }

    private async Task<(Plan? Plan, Variables Variables, IReadOnlyList<GraphError> Errors)> WithVariablesAsync(
        KnownDocument known, GraphQLOperationDefinition operation, GraphRequest request, CancellationToken cancel)
    {
        if (operation.Variables is not { Count: > 0 })
        {
            return (PlanOf(known, operation), Variables.None, []);
        }
        var context = new ValidationContext { Schema = schema, Document = known.Document, Operation = operation, Variables = request.Variables, CancellationToken = cancel };
        try
        {
            var (variables, faults) = await context.GetVariablesValuesAsync();
            return faults is { Count: > 0 } ? (null, Variables.None, [.. faults.Select(GraphError.Of)]) : (PlanOf(known, operation), variables, []);
        }
        catch (ValidationError fault)
        {
            return (null, Variables.None, [GraphError.Of(fault)]);
        }
    }

    private Plan PlanOf(KnownDocument known, GraphQLOperationDefinition operation) =>
        known.Plans.GetOrAdd(operation.Location.Start, static (_, of) => PlanCompiler.Compile(of.schema, of.Document, of.operation), (schema, known.Document, operation));

    private static GraphQLDocument Parse(string query)
    {
        try
        {
            DocumentBudget.DemandTokens(query);
            return Parser.Parse(query, new ParserOptions { Ignore = IgnoreOptions.Comments, MaxDepth = ParserDepth });
        }
        catch (GraphQLSyntaxErrorException fault)
        {
            throw new ProblemException(ErrorCode.BadRequest, $"Line {fault.Location.Line}, column {fault.Location.Column}: {fault.Description}");
        }
        catch (GraphQLParserException)
        {
            throw new ProblemException(ErrorCode.BadRequest, "The document is nested too deeply.");
        }
    }

    private static GraphQLOperationDefinition? Operation(GraphQLDocument document, GraphRequest request)
    {
        var operations = document.Definitions.OfType<GraphQLOperationDefinition>();
        var operation = request.OperationName is { } name
            ? operations.FirstOrDefault(operation => operation.Name?.Value == name)
            : operations.Take(2).ToList() is [var only] ? only : null;
        return request.IsQueryOnly && operation is { Operation: OperationType.Mutation }
            ? throw new ProblemException(ErrorCode.MethodNotAllowed, "GET changes nothing: send it by POST.")
            : operation;
    }

    private static GraphError NoSuchOperation(string? name) =>
        GraphError.Of(ErrorCode.BadRequest, name is null ? "The document must have exactly one operation, or operationName say which." : "The document has no operation of this name.");

    public void Dispose() => _known.Dispose();
}
