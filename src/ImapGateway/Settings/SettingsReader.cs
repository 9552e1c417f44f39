using System.Reflection;

namespace ImapGateway.Settings;

/// <summary>
/// Fills the properties of a section from the configuration and collects every mistake. .NET's own binder stops at the first mistake, ignores unknown names, and appends a configured list to its
/// default.
/// </summary>
internal sealed class SettingsReader
{
    private readonly Dictionary<string, string> _mistakes = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The mistakes, one line per key: "Imap:CommandTimeout: ...".</summary>
    public IEnumerable<string> Mistakes => _mistakes.Select(mistake => $"{mistake.Key}: {mistake.Value}");

    /// <param name="settings">The settings to fill.</param>
    /// <param name="section">The section, or the root itself for keys without a section, which also contains the keys of all others.</param>
    public void Read(ISettings settings, IConfiguration section)
    {
        Fill(settings, section);
        foreach (var (key, message) in settings.Validate())
        {
            Report(section is IConfigurationSection { Path: var path } ? ConfigurationPath.Combine(path, key) : key, message);
        }
    }

    private void Fill(object target, IConfiguration section)
    {
        var properties = target.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);
        foreach (var child in section.GetChildren())
        {
            if (properties.TryGetValue(child.Key, out var property))
            {
                FillProperty(target, property, child);
            }
            else if (section is IConfigurationSection)
            {
                Report(child.Path, $"is not a setting; there are {string.Join(", ", properties.Keys.Order(StringComparer.Ordinal))}");
            }
        }
    }

    private void FillProperty(object target, PropertyInfo property, IConfigurationSection section)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (ElementType(type) is { } element)
        {
            FillList(target, property, element, section);
        }
        else if (Setting.IsValue(type))
        {
            FillValue(target, property, type, section);
        }
        else if (string.IsNullOrEmpty(section.Value))
        {
            Fill(property.GetValue(target)!, section);
        }
        else
        {
            Report(section.Path, "is a section, not a value");
        }
    }

    private void FillValue(object target, PropertyInfo property, Type type, IConfigurationSection section)
    {
        if (section.GetChildren().Any())
        {
            Report(section.Path, "is a single value");
        }
        else if (section.Value is { } text && Parse(type, text, section.Path) is { } value)
        {
            property.SetValue(target, value);
        }
    }

    /// <summary>Fills a list. A configured list replaces the default; a single value is a list of one, and an empty list in JSON arrives as an empty value.</summary>
    private void FillList(object target, PropertyInfo property, Type element, IConfigurationSection section)
    {
        var items = section.GetChildren().ToList();
        if (items.Count == 0 && !string.IsNullOrEmpty(section.Value))
        {
            items = [section];
        }
        else if (!string.IsNullOrEmpty(section.Value) || items.Exists(item => item.Value is null || !int.TryParse(item.Key, out _)))
        {
            Report(section.Path, $"is a list of values: {section.Path}:0, {section.Path}:1, ...");
            return;
        }
        if (items.Count > 0 || section.Value is not null)
        {
            var values = items.Select(item => Parse(element, item.Value!, item.Path)).Where(value => value is not null).ToArray();
            var list = Array.CreateInstance(element, values.Length);
            values.CopyTo(list, 0);
            property.SetValue(target, list);
        }
    }

    private object? Parse(Type type, string text, string path)
    {
        var value = Setting.Parse(type, text);
        if (value is null)
        {
            Report(path, $"\"{text}\" is not {Setting.Describe(type)}");
        }
        return value;
    }

    /// <summary>Records a mistake. The first one of a key is the cause of the others.</summary>
    private void Report(string key, string message) => _mistakes.TryAdd(key, message);

    private static Type? ElementType(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;
}
