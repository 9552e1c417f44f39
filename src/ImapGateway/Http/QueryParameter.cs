using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using ImapGateway.Responses;

namespace ImapGateway.Http;

/// <summary>A query parameter that a handler reads.</summary>
/// <param name="Name">The name exactly as clients write it.</param>
/// <param name="IsRequired">True if the parameter has no default and cannot be null.</param>
/// <param name="IsRepeatable">True if the handler takes an array.</param>
/// <param name="Fault">Returns what is wrong with a value; null if it is valid.</param>
public sealed record QueryParameter(string Name, bool IsRequired, bool IsRepeatable, Func<string, string?> Fault)
{
    private static readonly MethodInfo ParsableOf = typeof(QueryParameter).GetMethod(nameof(Parsable), BindingFlags.NonPublic | BindingFlags.Static)!;

    /// <summary>Describes a parameter: a string, a number, a type that implements <see cref="IParsable{TSelf}"/>, or an array of it. <see cref="RangeAttribute"/> bounds a whole number.</summary>
    public static QueryParameter Of(string name, ParameterInfo parameter, bool isOptional)
    {
        var type = parameter.ParameterType;
        if (type.IsAssignableTo(typeof(IReadsQuery)))
        {
            return new QueryParameter(name, IsRequired: false, IsRepeatable: false, _ => null);
        }
        var repeatable = type.IsArray;
        var element = (repeatable ? type.GetElementType() : null) ?? type;
        var scalar = Nullable.GetUnderlyingType(element) ?? element;
        return new QueryParameter(name, !isOptional && !repeatable, repeatable, FaultOf(scalar, parameter.GetCustomAttribute<RangeAttribute>()));
    }

    private static Func<string, string?> FaultOf(Type type, RangeAttribute? range)
    {
        if (type == typeof(string))
        {
            return _ => null;
        }
        if (type == typeof(bool))
        {
            return value => value is "true" or "false" ? null : "true or false is expected.";
        }
        if (type == typeof(DateTimeOffset))
        {
            return value => Instants.TryParse(value, out _) ? null : Instants.Expectation;
        }
        if (type == typeof(int) || type == typeof(long) || type == typeof(uint))
        {
            return WholeNumber(type, range);
        }
        // An enum is not accepted: the framework would read it by the names of the code.
        return type.GetInterfaces().Any(each => each.IsGenericType && each.GetGenericTypeDefinition() == typeof(IParsable<>))
            ? ParsableOf.MakeGenericMethod(type).CreateDelegate<Func<string, string?>>()
            : throw new InvalidOperationException($"A query parameter cannot be a {type}: it is neither a simple type nor IParsable.");
    }

    private static Func<string, string?> WholeNumber(Type type, RangeAttribute? range)
    {
        var (least, most) = range is null
            ? type == typeof(int) ? (int.MinValue, int.MaxValue) : type == typeof(uint) ? (0, uint.MaxValue) : (long.MinValue, long.MaxValue)
            : (Convert.ToInt64(range.Minimum, CultureInfo.InvariantCulture), Convert.ToInt64(range.Maximum, CultureInfo.InvariantCulture));
        var sentence = range is null ? "A whole number is expected." : string.Create(CultureInfo.InvariantCulture, $"A whole number from {least} to {most} is expected.");
        return value => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? null
            : sentence;
    }

    private static string? Parsable<T>(string value) where T : IParsable<T> =>
        T.TryParse(value, CultureInfo.InvariantCulture, out _) ? null : "The value does not fit here.";
}
