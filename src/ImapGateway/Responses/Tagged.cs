namespace ImapGateway.Responses;

/// <summary>An answer with its entity tag, as an operation gives it.</summary>
/// <param name="Tag">Null where the answer can be out of date although nothing that the gateway knows of has changed.</param>
/// <param name="Value">Null: the client has it already, or it was kept (<see cref="Conditions.Has"/>), and it was not read.</param>
[GenerateSerializer, Immutable]
public sealed record Tagged<T>(string? Tag, T? Value) where T : class
{
    /// <summary>Not null: the mail server could not be asked, and this was so then.</summary>
    [Id(0)] public DateTimeOffset? StaleSince { get; init; }

    /// <summary>The <see cref="AnswerGuard"/>'s number that this holds at; null: whether it holds has to be asked each time.</summary>
    [Id(1)] public long? HoldsAt { get; init; }

    /// <summary>The value; for callers who said nothing of what they have.</summary>
    public T Demand() => Value ?? throw new InvalidOperationException("Only a tag was answered, and none was named.");

    public Tagged<TOther> With<TOther>(Func<T, TOther> change) where TOther : class => new(Tag, Value is null ? null : change(Value)) { StaleSince = StaleSince, HoldsAt = HoldsAt };
}

/// <summary>Answers about state whose tag is made from their content.</summary>
public static class Tagged
{
    /// <summary>Strong: for If-Match counts what <paramref name="state"/> shows alone.</summary>
    public static Tagged<T> Strong<T>(Conditions when, T value, string state) where T : class => Of(when, when.Strong($"{state}.{EntityTags.DigestOf(value)}"), value);

    /// <summary>Weak, over what matters of the value.</summary>
    public static Tagged<T> Weak<T>(Conditions when, T value, object matters) where T : class => Of(when, when.Weak(EntityTags.DigestOf(matters)), value);

    private static Tagged<T> Of<T>(Conditions when, string tag, T value) where T : class => new(tag, when.Has(tag) ? null : value);
}
