using ImapGateway.Storage;

namespace ImapGateway.Tests.Storage;

public class StorageOptionsTests
{
    private static (string Key, string Message)[] Faults(StorageProvider provider, string connectionString) =>
        [.. new StorageOptions { Provider = provider, ConnectionString = connectionString, KeyEncryption = ["none"] }.Validate()];

    [Fact]
    public void SQLite_needs_nothing_and_takes_no_connection_string()
    {
        Assert.Empty(new StorageOptions().Validate());
        Assert.Equal("ConnectionString", Assert.Single(Faults(StorageProvider.Sqlite, "Host=a;Database=b")).Key);
    }

    [Theory]
    [InlineData("Host=a;Database=b")]
    [InlineData("Server=a;Port=5433;Database=b;User Id=c;Password='d;e'")]
    public void PostgreSQL_takes_what_Npgsql_takes(string text) => Assert.Empty(Faults(StorageProvider.Postgres, text));

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("Host=secret-word")]
    [InlineData("Database=secret-word")]
    [InlineData("secret-word")]
    [InlineData("Host=a;Database=b;secret-word=1")]
    [InlineData("Host=a;Database=b;Port=secret-word")]
    [InlineData("Host=a;Database=b;Port=99999999999secret-word")]
    [InlineData("Host=a;Database=b;SSL Mode=secret-word")]
    [InlineData("Host=a;Database=b;Pooling=secret-word")]
    [InlineData("Host=a;Database=b;Password='secret-word")]
    [InlineData("postgresql://user:secret-word@host/db")]
    public void A_mistake_is_named_without_repeating_what_may_be_a_password(string text)
    {
        var (key, message) = Assert.Single(Faults(StorageProvider.Postgres, text));
        Assert.Equal("ConnectionString", key);
        Assert.DoesNotContain("secret-word", message, StringComparison.Ordinal);
    }
}
