using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Emit;

namespace ImapGateway.Tests;

/// <summary>
/// Reads from the compiled gateway which of its types use which: in signatures, attributes and code. Unlike a using directive, a type is also found where its namespace encloses that of its user.
/// Constants are not found: the compiler has replaced them by their values.
/// </summary>
internal static class TypeUses
{
    private const BindingFlags Declared = BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;

    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes).GetFields().Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    /// <summary>Returns each pair once. A nested type counts as the type around it.</summary>
    public static IReadOnlySet<(Type User, Type Used)> Of(Assembly assembly) =>
        (from type in assembly.GetTypes()
         from used in Parts(Direct(type))
         where used.Assembly == assembly
         select (User: Outermost(type), Used: Outermost(used))).Where(use => use.User != use.Used && IsOurs(use.User) && IsOurs(use.Used)).ToHashSet();

    private static bool IsOurs(Type type) => type.Namespace?.Split('.')[0] == nameof(ImapGateway);

    private static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static IEnumerable<Type?> Direct(Type type) =>
    [
        type.BaseType,
        .. type.GetInterfaces(),
        .. Attributes(type),
        .. type.GetFields(Declared).Select(field => field.FieldType),
        .. type.GetProperties(Declared).SelectMany(Attributes),
        .. type.GetMethods(Declared).SelectMany(method => Direct(method, method.ReturnType)),
        .. type.GetConstructors(Declared).SelectMany(constructor => Direct(constructor, null)),
    ];

    private static IEnumerable<Type?> Direct(MethodBase method, Type? returned) =>
        [returned, .. method.GetParameters().Select(parameter => parameter.ParameterType), .. Attributes(method), .. method.GetMethodBody() is { } body ? InCode(method, body) : []];

    private static IEnumerable<Type?> Attributes(MemberInfo member) => member.GetCustomAttributesData()
        .SelectMany(attribute => attribute.ConstructorArguments.Select(argument => argument.Value as Type).Append(attribute.AttributeType));

    private static IEnumerable<Type?> InCode(MethodBase method, MethodBody body)
    {
        foreach (var local in body.LocalVariables)
        {
            yield return local.LocalType;
        }
        var code = body.GetILAsByteArray()!;
        for (var at = 0; at < code.Length;)
        {
            var value = code[at++] is var first && first == 0xFE ? (short)(0xFE00 | code[at++]) : first;
            var operand = Codes[value].OperandType;
            if (operand is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok)
            {
                var member = method.Module.ResolveMember(
                    BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(at)), method.DeclaringType?.GetGenericArguments(), method.IsGenericMethod ? method.GetGenericArguments() : null);
                yield return member as Type ?? member!.DeclaringType;
                foreach (var argument in member is MethodInfo { IsGenericMethod: true } called ? called.GetGenericArguments() : [])
                {
                    yield return argument;
                }
            }
            at += operand switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 * (1 + BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(at))),
                _ => 4,
            };
        }
    }

    /// <summary>Returns the types that types consist of: elements of arrays and references, and generic arguments.</summary>
    private static IEnumerable<Type> Parts(IEnumerable<Type?> types) => types.SelectMany(type => type switch
    {
        null or { IsGenericParameter: true } => [],
        { HasElementType: true } => Parts([type.GetElementType()]),
        { IsConstructedGenericType: true } => Parts(type.GetGenericArguments()).Append(type.GetGenericTypeDefinition()),
        _ => [type],
    });
}
