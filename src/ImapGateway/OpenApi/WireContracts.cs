using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ImapGateway.Access;
using ImapGateway.Http;
using ImapGateway.Mail;
using ImapGateway.Responses;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Swashbuckle.AspNetCore.SwaggerGen;
using RequiredAttribute = System.ComponentModel.DataAnnotations.RequiredAttribute;

namespace ImapGateway.OpenApi;

/// <summary>
/// Describes types as the serializer sees them. Swashbuckle reads the code by its own rules and differs in important points: which members are always there, which can be null,
/// and what an <see cref="Optional{T}"/> contains.
/// </summary>
public sealed class WireContracts(IOptions<JsonOptions> options) : ISerializerDataContractResolver
{
    private readonly JsonSerializerOptions _json = options.Value.SerializerOptions;

    public DataContract GetDataContractForType(Type type)
    {
        var plain = Plain(type);
        if (plain == typeof(ErrorCode) || plain == typeof(Scope))
        {
            return DataContract.ForPrimitive(plain, DataType.String, null, value => JsonSerializer.Serialize(NameOf(value)));
        }
        var usual = new JsonSerializerDataContractResolver(_json).GetDataContractForType(plain);
        return usual.DataType == DataType.Object ? DataContract.ForObject(plain, PropertiesOf(plain), jsonConverter: usual.JsonConverter) : usual;
    }

    public IEnumerable<DataProperty> PropertiesOf(Type type) =>
        from property in _json.GetTypeInfo(type).Properties
        let member = property.AttributeProvider as PropertyInfo
        let ignored = member?.GetCustomAttribute<JsonIgnoreAttribute>()?.Condition
        where member is not null && ignored != JsonIgnoreCondition.Always
        let leftOut = ignored == JsonIgnoreCondition.WhenWritingNull
        let demanded = member.IsDefined(typeof(RequiredAttribute))
        select new DataProperty(
            property.Name,
            member.GetCustomAttribute<SchemaOfAttribute>()?.Type ?? Plain(property.PropertyType),
            isRequired: demanded || (!leftOut && (property.IsRequired || property.AssociatedParameter is { HasDefaultValue: false })),
            isNullable: !demanded && !leftOut && IsNullable(property, member),
            memberInfo: member);

    private static bool IsNullable(JsonPropertyInfo property, PropertyInfo member) =>
        Optional(property.PropertyType) is not null
            ? new NullabilityInfoContext().Create(member).GenericTypeArguments[0].ReadState == NullabilityState.Nullable
            : property.IsGetNullable;

    private static Type Plain(Type type)
    {
        type = Optional(type) ?? type;
        return Nullable.GetUnderlyingType(type) ?? type;
    }

    private static Type? Optional(Type type) => type.IsConstructedGenericType && type.GetGenericTypeDefinition() == typeof(Optional<>) ? type.GetGenericArguments()[0] : null;

    private static string NameOf(object value) => value is ErrorCode code ? code.Describe().Name : string.Join(' ', Scopes.NamesOf((Scope)value));
}
