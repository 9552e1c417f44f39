using ImapGateway.Settings;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ImapGateway.Tests.Settings;

public class SettingsTests
{
    public enum Mode { Fast, Safe }

    public sealed class MailSettings : ISettings
    {
        public int Sessions { get; set; } = 5;
        public long Bytes { get; set; } = 1;
        public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);
        public bool Enabled { get; set; }
        public Mode Mode { get; set; } = Mode.Safe;
        public Uri? Address { get; set; }
        public int? Limit { get; set; }
        public string Name { get; set; } = "";
        public IReadOnlyList<TimeSpan> Schedule { get; set; } = [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30)];
        public IReadOnlyList<string> Hosts { get; set; } = ["default"];
        public Inner Nested { get; } = new();

        public IEnumerable<(string Key, string Message)> Validate()
        {
            if (Sessions < 2)
            {
                yield return (nameof(Sessions), "must be 2 or more");
            }
            if (Nested.Depth < 0)
            {
                yield return ("Nested:Depth", "must not be negative");
            }
        }
    }

    public sealed class Inner
    {
        public int Depth { get; set; } = 1;
    }

    public sealed class OtherSettings : ISettings
    {
        public int Port { get; set; } = 1;

        public IEnumerable<(string Key, string Message)> Validate() => [];
    }

    [Fact]
    public void Without_configuration_the_defaults_stand()
    {
        var settings = Read();
        Assert.Equal((5, Mode.Safe, TimeSpan.FromSeconds(30)), (settings.Sessions, settings.Mode, settings.Timeout));
        Assert.Equal(["default"], settings.Hosts);
    }

    [Fact]
    public void Every_kind_of_value_is_read()
    {
        var settings = Read(
            ("Mail:sessions", "7"), ("Mail:Bytes", "5000000000"), ("Mail:Timeout", "2m"), ("Mail:Enabled", "True"), ("Mail:Mode", "fast"),
            ("Mail:Address", "https://a.example/x"), ("Mail:Limit", "3"), ("Mail:Name", "a b"), ("Mail:Nested:Depth", "4"));
        Assert.Equal((7, 5_000_000_000, TimeSpan.FromMinutes(2), true, Mode.Fast), (settings.Sessions, settings.Bytes, settings.Timeout, settings.Enabled, settings.Mode));
        Assert.Equal((new Uri("https://a.example/x"), 3, "a b", 4), (settings.Address, settings.Limit, settings.Name, settings.Nested.Depth));
    }

    [Fact]
    public void A_configured_list_replaces_the_default()
    {
        var settings = Read(("Mail:Schedule:0", "1s"), ("Mail:Hosts", ""));
        Assert.Equal([TimeSpan.FromSeconds(1)], settings.Schedule);
        Assert.Empty(settings.Hosts);
    }

    [Fact]
    public void An_empty_list_in_json_is_empty()
    {
        var configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream("""{"Mail": {"Hosts": [], "Limit": null}}"""u8.ToArray())).Build();
        var settings = new MailSettings();
        var reader = new SettingsReader();
        reader.Read(settings, configuration.GetSection("Mail"));
        Assert.Empty(reader.Mistakes);
        Assert.Empty(settings.Hosts);
    }

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("10s", 10)]
    [InlineData("1.5h", 5400)]
    [InlineData("7d", 604800)]
    [InlineData("00:01:00", 60)]
    [InlineData("1.00:00:00", 86400)]
    public void Spans_have_a_unit_or_colons(string text, double seconds)
    {
        Assert.True(Duration.TryParse(text, out var span));
        Assert.Equal(seconds, span.TotalSeconds);
    }

    [Theory]
    [InlineData("10")]   // .NET: ten days
    [InlineData("")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5 parsecs")]
    [InlineData("99999999999999999999d")]
    [InlineData("25:99:99")]
    public void Other_spans_are_refused(string text) => Assert.False(Duration.TryParse(text, out _));

    [Fact]
    public void Every_mistake_of_every_section_is_named_at_once_with_its_key()
    {
        using var app = App(
            ("Mail:Sessions", "1"), ("Mail:Bytes", "99999999999999999999"), ("Mail:Timeout", "30"), ("Mail:Enabled", "maybe"), ("Mail:Mode", "1"),
            ("Mail:Address", "nowhere"), ("Mail:Limit", "x"), ("Mail:MaxSesions", "3"), ("Mail:Schedule:0", "soon"), ("Mail:Schedule:1", "later"),
            ("Mail:Hosts", "one"), ("Mail:Hosts:0", "two"), ("Mail:Name:First", "x"), ("Mail:Nested", "x"), ("Other:Port", "3000000000"), ("Unrelated:Key", "x"));
        var mistakes = Assert.Throws<StartupException>(app.Services.ValidateSettings).Lines;
        Assert.Equal(
            [
                "Mail:Address", "Mail:Bytes", "Mail:Enabled", "Mail:Hosts", "Mail:Limit", "Mail:MaxSesions", "Mail:Mode", "Mail:Name", "Mail:Nested",
                "Mail:Schedule:0", "Mail:Schedule:1", "Mail:Sessions", "Mail:Timeout", "Other:Port",
            ],
            mistakes.Select(line => line[..line.IndexOf(": ", StringComparison.Ordinal)]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_single_value_is_a_list_of_one()
    {
        Assert.Equal(["one"], Read(("Mail:Hosts", "one")).Hosts);
        using var app = App(("Mail:Schedule", "soon"));
        Assert.StartsWith("Mail:Schedule: \"soon\" is not ", Assert.Single(Assert.Throws<StartupException>(app.Services.ValidateSettings).Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_validation_error_follows_the_section_down()
    {
        using var app = App(("Mail:Nested:Depth", "-1"));
        Assert.Equal(["Mail:Nested:Depth: must not be negative"], Assert.Throws<StartupException>(app.Services.ValidateSettings).Lines);
        Assert.Throws<StartupException>(() => app.Services.GetRequiredService<IOptions<MailSettings>>().Value);
    }

    private static MailSettings Read(params (string Key, string Value)[] settings)
    {
        using var app = App(settings);
        app.Services.ValidateSettings();
        return app.Services.GetRequiredService<IOptions<MailSettings>>().Value;
    }

    private static IHost App(params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.AddSettings<MailSettings>("Mail");
        builder.AddSettings<OtherSettings>("Other");
        return builder.Build();
    }
}
