using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.Responses;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing.Patterns;

namespace ImapGateway.Http;

/// <summary>
/// The query parameters of a route, read from its handler's parameters when the route is built. An unknown parameter is a 400: otherwise a client would take a misspelt
/// filter for one that was applied.
/// </summary>
public sealed class QueryRules
{
    private readonly FrozenDictionary<string, QueryParameter> _known;
    private readonly ImmutableArray<string> _prefixes;

    private QueryRules(IEnumerable<QueryParameter> known, IEnumerable<string> prefixes)
    {
        _known = known.ToFrozenDictionary(parameter => parameter.Name);
        _prefixes = [.. prefixes];
    }

    /// <summary>Returns the rules of a route. Route, header, body and service parameters are not query parameters.</summary>
    public static QueryRules Of(IEnumerable<object> metadata, RoutePattern pattern)
    {
        var items = metadata.ToArray();
        var parameters = items.OfType<IParameterBindingMetadata>()
            .Select(binding => (binding, name: QueryName(binding, pattern)))
            .Where(entry => entry.name is not null)
            .Select(entry => QueryParameter.Of(entry.name!, entry.binding.ParameterInfo, entry.binding.IsOptional));
        if (items.OfType<TakesTicket>().Any())
        {
            parameters = parameters.Append(new QueryParameter(TakesTicket.Parameter, IsRequired: false, IsRepeatable: false, _ => null));
        }
        return new QueryRules(parameters, items.OfType<QueryPrefix>().Select(prefix => prefix.Value));
    }

    public ImmutableArray<ProblemError> Check(IQueryCollection query)
    {
        var errors = ImmutableArray.CreateBuilder<ProblemError>();
        foreach (var (name, values) in query)
        {
            if (!_known.TryGetValue(name, out var parameter))
            {
                if (!_prefixes.Any(prefix => name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.Ordinal)))
                {
                    errors.Add(new ProblemError("Unknown parameter.", Parameter: name));
                }
                else if (values.Count != 1 || !InputText.IsPlain(values[0]) || !InputText.IsPlain(name))
                {
                    errors.Add(new ProblemError($"One value is expected. {InputText.Expectation}", Parameter: name));
                }
                continue;
            }
            if (values.Count > 1 && !parameter.IsRepeatable)
            {
                errors.Add(new ProblemError("The parameter is given more than once.", Parameter: name));
                continue;
            }
            foreach (var value in values)
            {
                var fault = !InputText.IsPlain(value) ? InputText.Expectation : parameter.Fault(value ?? "");
                if (fault is not null)
                {
                    errors.Add(new ProblemError(fault, Parameter: name));
                }
            }
        }
        foreach (var parameter in _known.Values)
        {
            if (parameter.IsRequired && !query.ContainsKey(parameter.Name))
            {
                errors.Add(new ProblemError("The parameter is required.", Parameter: parameter.Name));
            }
        }
        return errors.ToImmutable();
    }

    private static string? QueryName(IParameterBindingMetadata binding, RoutePattern pattern)
    {
        var sources = binding.ParameterInfo.GetCustomAttributes(true);
        if (binding.ParameterInfo.ParameterType.IsAssignableTo(typeof(IReadsQuery)))
        {
            return (string)binding.ParameterInfo.ParameterType.GetProperty(nameof(IReadsQuery.Parameter))!.GetValue(null)!;
        }
        if (sources.OfType<IFromQueryMetadata>().FirstOrDefault() is { } query)
        {
            return query.Name ?? JsonNamingPolicy.CamelCase.ConvertName(binding.Name);
        }
        var type = binding.ParameterInfo.ParameterType;
        var simple = type == typeof(string) || type == typeof(string[]) || binding.HasTryParse;
        var elsewhere = sources.Any(source => source is IFromRouteMetadata or IFromHeaderMetadata or IFromBodyMetadata or IFromFormMetadata or IFromServiceMetadata);
        var inRoute = pattern.Parameters.Any(part => string.Equals(part.Name, binding.Name, StringComparison.OrdinalIgnoreCase));
        return simple && !elsewhere && !inRoute && !binding.HasBindAsync ? JsonNamingPolicy.CamelCase.ConvertName(binding.Name) : null;
    }
}

/// <summary>Marks a route that also reads parameters of an open set of names: <c>metadata.</c> for <c>metadata.KEY=</c>.</summary>
public sealed record QueryPrefix(string Value);

/// <summary>What routes say of their query parameters.</summary>
public static class StrictQueries
{
    /// <summary>A group of routes that need a key and refuse query parameters that their handlers do not read.</summary>
    public static RouteGroupBuilder MapStrictGroup(this IEndpointRouteBuilder app, string prefix)
    {
        var group = app.MapGroup(prefix).RequireKey();
        ((IEndpointConventionBuilder)group).Finally(route => route.Metadata.Add(QueryRules.Of(route.Metadata, ((RouteEndpointBuilder)route).RoutePattern)));
        return group;
    }

    /// <summary>See <see cref="QueryPrefix"/>.</summary>
    public static TBuilder TakesQueryPrefix<TBuilder>(this TBuilder route, string prefix) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new QueryPrefix(prefix));
}
