using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace ImapGateway.Storage;

/// <summary>
/// Adds many rows within a job, in order and without tracking them: one statement with a parameter array per column on PostgreSQL, where each row by itself
/// would be a round trip; one prepared statement on SQLite. Values that the database fills in itself are not read back.
/// </summary>
public static class BulkInsert
{
    /// <summary>The largest number of rows per statement on PostgreSQL, since the statement is kept in memory.</summary>
    private const int Most = 2000;

    public static Task InsertAsync<TEntity>(this GatewayDbContext database, IReadOnlyCollection<TEntity> rows, CancellationToken cancel) where TEntity : class =>
        InsertAsync(database, rows, [], cancel);

    /// <summary>Adds rows; an existing row with the same key gets the values of the new one.</summary>
    /// <param name="key">The properties of a unique index; no two of the rows have the same values.</param>
    public static Task UpsertAsync<TEntity>(this GatewayDbContext database, IReadOnlyCollection<TEntity> rows, string[] key, CancellationToken cancel) where TEntity : class =>
        InsertAsync(database, rows, key, cancel);

    private static async Task InsertAsync<TEntity>(GatewayDbContext database, IReadOnlyCollection<TEntity> rows, string[] key, CancellationToken cancel) where TEntity : class
    {
        if (rows.Count == 0)
        {
            return;
        }
        var table = database.Model.FindEntityType(typeof(TEntity))!;
        var columns = table.GetProperties().Where(property => !property.ValueGenerated.HasFlag(ValueGenerated.OnAdd)).ToList();
        await using var command = database.Database.GetDbConnection().CreateCommand();
        if (database.Database.IsNpgsql())
        {
            foreach (var some in rows.Chunk(Most))
            {
                await InsertArraysAsync(command, table, columns, OnConflict(columns, key), some, cancel);
            }
        }
        else
        {
            await InsertEachAsync(command, table, columns, OnConflict(columns, key), rows, cancel);
        }
    }

    private static async Task InsertArraysAsync<TEntity>(DbCommand command, IEntityType table, List<IProperty> columns, string onConflict, TEntity[] rows, CancellationToken cancel)
        where TEntity : class
    {
        command.Parameters.Clear();
        for (var at = 0; at < columns.Count; at++)
        {
            var type = ProviderType(columns[at]);
            var values = Array.CreateInstance(type.IsValueType && columns[at].IsNullable ? typeof(Nullable<>).MakeGenericType(type) : type, rows.Length);
            for (var row = 0; row < rows.Length; row++)
            {
                values.SetValue(Value(columns[at], rows[row]), row);
            }
            var parameter = command.CreateParameter();
            parameter.ParameterName = $"p{at}";
            parameter.Value = values;
            command.Parameters.Add(parameter);
        }
        // The arrays are read together, so that the rows keep their order.
        var arrays = columns.Select((column, at) => $"@p{at}::{column.GetColumnType()}[]");
        command.CommandText = $"{Into(table, columns)} SELECT * FROM unnest({string.Join(", ", arrays)}){onConflict}";
        await command.ExecuteNonQueryAsync(cancel);
    }

    private static async Task InsertEachAsync<TEntity>(DbCommand command, IEntityType table, List<IProperty> columns, string onConflict, IReadOnlyCollection<TEntity> rows, CancellationToken cancel)
        where TEntity : class
    {
        command.CommandText = $"{Into(table, columns)} VALUES ({string.Join(", ", columns.Select((_, at) => $"$p{at}"))}){onConflict}";
        var parameters = columns.Select((_, at) =>
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = $"$p{at}";
            command.Parameters.Add(parameter);
            return parameter;
        }).ToList();
        foreach (var row in rows)
        {
            for (var at = 0; at < columns.Count; at++)
            {
                parameters[at].Value = Value(columns[at], row) ?? DBNull.Value;
            }
            await command.ExecuteNonQueryAsync(cancel);
        }
    }

    private static string Into(IEntityType table, List<IProperty> columns) =>
        $"INSERT INTO \"{table.GetTableName()}\" ({string.Join(", ", columns.Select(column => $"\"{column.GetColumnName()}\""))})";

    private static string OnConflict(List<IProperty> columns, string[] key)
    {
        if (key.Length == 0)
        {
            return "";
        }
        var names = columns.ToDictionary(column => column.Name, column => $"\"{column.GetColumnName()}\"");
        var updates = names.Where(column => !key.Contains(column.Key)).Select(column => $"{column.Value} = excluded.{column.Value}");
        return $" ON CONFLICT ({string.Join(", ", key.Select(name => names[name]))}) DO UPDATE SET {string.Join(", ", updates)}";
    }

    private static Type ProviderType(IProperty column)
    {
        var type = column.GetTypeMapping().Converter?.ProviderClrType ?? column.ClrType;
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type.IsEnum ? Enum.GetUnderlyingType(type) : type;
    }

    private static object? Value(IProperty column, object row)
    {
        var value = column.GetGetter().GetClrValue(row);
        return value is null ? null : column.GetTypeMapping().Converter is { } converter ? converter.ConvertToProvider(value)
            : value is Enum number ? Convert.ChangeType(number, Enum.GetUnderlyingType(value.GetType()), System.Globalization.CultureInfo.InvariantCulture) : value;
    }
}
