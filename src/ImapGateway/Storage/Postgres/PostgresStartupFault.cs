using ImapGateway.Mail;
using Npgsql;

namespace ImapGateway.Storage.Postgres;

/// <summary>Explains why the gateway cannot start on a server, in terms of the operator who can correct it.</summary>
internal static class PostgresStartupFault
{
    public static string Describe(NpgsqlException failure, string connectionString)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        var server = $"PostgreSQL at {parts.Host}:{parts.Port}";
        var secrets = new Redaction([parts.Password ?? ""]);
        var reason = secrets.Apply(failure is PostgresException told ? told.MessageText : failure.InnerException?.Message ?? failure.Message) ?? Redaction.Mask;
        return failure switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => $"{server} has no database \"{parts.Database}\"; make it with CREATE DATABASE",
            PostgresException { SqlState: ['2', '8', ..] } => $"{server} does not let the user in: {reason}",
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } =>
                $"the user may not make tables in the database \"{parts.Database}\": {reason}",
            PostgresException => $"{server} cannot be used now: {reason}",
            _ => $"{server} cannot be reached: {reason}",
        };
    }

    /// <summary>True if waiting may help: the server is unavailable, starting, stopping or full, but does not refuse the settings.</summary>
    public static bool MayPass(NpgsqlException failure) => failure is not PostgresException answer || answer.SqlState[..2] is "08" or "53" or "57" or "58";
}
