using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ImapGateway.OpenApi;

/// <summary>Reads the documentation comments of types and their members. One sentence serves the readers of the code and the callers of the API.</summary>
public sealed partial class XmlDocs
{
    private readonly FrozenDictionary<string, XElement> _members;

    private XmlDocs(XDocument document) =>
        _members = document.Descendants("member").ToFrozenDictionary(member => (string)member.Attribute("name")!);

    /// <summary>Loads the file that the compiler writes beside the assembly; a publish contains it too.</summary>
    public static XmlDocs OfThisAssembly() => new(XDocument.Load(Path.Combine(AppContext.BaseDirectory, typeof(XmlDocs).Assembly.GetName().Name + ".xml")));

    public string? Of(Type type) => Text(Find(type)?.Element("summary"));

    /// <summary>Returns the summary of a property, else the text of the parameter of the record that made it.</summary>
    public string? Of(PropertyInfo property) => Text(Find(property)?.Element("summary")) ?? Text(Parameter(property));

    /// <summary>Returns the <c>example</c> element of a property, or the attribute of a record's parameter.</summary>
    public string? ExampleOf(PropertyInfo property) => Find(property)?.Element("example")?.Value ?? Parameter(property)?.Attribute("example")?.Value;

    /// <summary>Returns the <c>param</c> element of a handler's parameter.</summary>
    public string? Of(ParameterInfo parameter) => Text(Parameter(parameter));

    public string? ExampleOf(ParameterInfo parameter) => Parameter(parameter)?.Attribute("example")?.Value;

    private XElement? Find(MemberInfo member) => _members.GetValueOrDefault(member switch
    {
        Type type => XmlCommentsNodeNameHelper.GetMemberNameForType(type),
        MethodInfo method => XmlCommentsNodeNameHelper.GetMemberNameForMethod(method),
        _ => XmlCommentsNodeNameHelper.GetMemberNameForFieldOrProperty(member),
    });

    private XElement? Parameter(PropertyInfo property) => Parameter(Find(property.DeclaringType!), property.Name);

    private XElement? Parameter(ParameterInfo parameter) => parameter.Member is MethodInfo method ? Parameter(Find(method), parameter.Name!) : null;

    private static XElement? Parameter(XElement? member, string name) => member?.Elements("param").FirstOrDefault(element => (string?)element.Attribute("name") == name);

    private static string? Text(XElement? element)
    {
        if (element is null)
        {
            return null;
        }
        var inner = string.Concat(element.Nodes().Select(node => node is XElement reference && Referred(reference) is { } name ? name : node.ToString(SaveOptions.DisableFormatting)));
        var text = Blanks().Replace(XmlCommentsTextHelper.Humanize(inner), " ").Trim();
        return text.Length == 0 ? null : text;
    }

    /// <summary>Returns the name of what a comment refers to: members by their names on the wire, types by the last part of theirs.</summary>
    private static string? Referred(XElement element)
    {
        if ((string?)element.Attribute("name") is { } parameter && element.Name == "paramref")
        {
            return $"`{JsonNamingPolicy.CamelCase.ConvertName(parameter)}`";
        }
        if ((string?)element.Attribute("cref") is not { } target || element.Name != "see")
        {
            return null;
        }
        var last = Arity().Replace(target[(target.LastIndexOf('.') + 1)..], "");
        return $"`{(target.StartsWith("T:", StringComparison.Ordinal) ? last : JsonNamingPolicy.CamelCase.ConvertName(last))}`";
    }

    [GeneratedRegex(@"`[0-9]+\z")]
    private static partial Regex Arity();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
