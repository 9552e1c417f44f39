namespace ImapGateway.Responses;

/// <summary>The result of an operation with its entity tag.</summary>
/// <param name="Tag">The tag; null if the result can be out of date although nothing has changed that the gateway knows of.</param>
/// <param name="Value">The result; null if the client or the cache has it already (<see cref="Conditions.Has"/>), and it was not read.</param>
[GenerateSerializer, Immutable]
public sealed record Tagged<T>(string? Tag, T? Value) where T : class
{
    /// <summary>The time of this state if the mail server could not be asked; null if it is up to date.</summary>
    [Id(0)] public DateTimeOffset? StaleSince { get; init; }

    /// <summary>The number of the <see cref="AnswerGuard"/> at which the result is valid; null if the operation must be asked each time.</summary>
    [Id(1)] public long? HoldsAt { get; init; }

    /// <summary>Returns the value, for callers that sent no condition.</summary>
    public T Demand() => Value ?? throw new InvalidOperationException("Only a tag was answered, and none was named.");

    public Tagged<TOther> With<TOther>(Func<T, TOther> change) where TOther : class => new(Tag, Value is null ? null : change(Value)) { StaleSince = StaleSince, HoldsAt = HoldsAt };
}

/// <summary>Makes results whose tag is a digest of their content.</summary>
public static class Tagged
{
    /// <summary>Makes a result with a strong tag; If-Match compares only <paramref name="state"/>.</summary>
    public static Tagged<T> Strong<T>(Conditions when, T value, string state) where T : class => Of(when, when.Strong($"{state}.{EntityTags.DigestOf(value)}"), value);

    /// <summary>Makes a result with a weak tag, a digest of the part of the value that matters.</summary>
    public static Tagged<T> Weak<T>(Conditions when, T value, object matters) where T : class => Of(when, when.Weak(EntityTags.DigestOf(matters)), value);

    private static Tagged<T> Of<T>(Conditions when, string tag, T value) where T : class => new(tag, when.Has(tag) ? null : value);
}
