using System.Collections;
using System.Globalization;
using System.Text.Json;

namespace ImapGateway.GraphQL.Execution;

/// <summary>Writes the results of a run, and reads the values that needed no request from their objects.</summary>
public sealed class AnswerWriter(Utf8JsonWriter json, Func<PlanField, bool> asks)
{
    /// <param name="value">An <see cref="ObjectNode"/>, or the object that the values are read from.</param>
    public void Write(PlanSelection selection, object value)
    {
        var (node, source) = value is ObjectNode own ? (own, own.Source) : (null, value);
        json.WriteStartObject();
        foreach (var field in selection.Fields)
        {
            if (!asks(field))
            {
                continue;
            }
            json.WritePropertyName(field.Key);
            if (field.Leaf is { } leaf)
            {
                leaf.Write(json, source);
            }
            else if (field.IsTypeName)
            {
                json.WriteStringValue(selection.TypeName);
            }
            else
            {
                Write(field, field.Slot >= 0 ? node!.Slots[field.Slot] : field.Part!.Read(source));
            }
        }
        json.WriteEndObject();
    }

    private void Write(PlanField field, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case ObjectNode node:
                Write(node.Selection, node);
                break;
            case not string when value is IEnumerable items && (field.Selections.Count > 0 || value is not IDictionary):
                json.WriteStartArray();
                foreach (var item in items)
                {
                    Write(field, item);
                }
                json.WriteEndArray();
                break;
            case not null when field.Selections.Count > 0:
                Write(field.SelectionOf(value), value);
                break;
            default:
                WriteScalar(value);
                break;
        }
    }

    private void WriteScalar(object value)
    {
        switch (value)
        {
            case string text:
                json.WriteStringValue(text);
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number:
                json.WriteNumberValue(number);
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
