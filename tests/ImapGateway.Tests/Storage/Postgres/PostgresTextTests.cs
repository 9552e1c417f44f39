using System.Text;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Storage.Postgres;

namespace ImapGateway.Tests.Storage.Postgres;

public class PostgresTextTests
{
    /// <summary>Mostly what is difficult: NUL, the mark itself, halves of pairs in every order, digits that look like an escape.</summary>
    private static readonly Gen<string> Texts =
        Gen.Elements('\0', '\uFFFF', '\uD83D', '\uDE00', '\uD800', '\uDFFF', '0', 'f', 'a', 'ü', '\uFFFE', '\n').ListOf().Select(chars => string.Concat(chars));

    [Fact]
    public void Any_text_comes_back_and_can_be_stored() => Prop.ForAll(
        Arb.From(Texts),
        text =>
        {
            var stored = PostgresText.Escape(text);
            return !stored.Contains('\0', StringComparison.Ordinal)
                && new UTF8Encoding(false, throwOnInvalidBytes: true).GetByteCount(stored) >= stored.Length
                && PostgresText.Unescape(stored) == text;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Different_texts_stay_different() => Prop.ForAll(
        Arb.From(Texts), Arb.From(Texts), (a, b) => (PostgresText.Escape(a) == PostgresText.Escape(b)) == (a == b)).QuickCheckThrowOnFailure();

    [Fact]
    public void Ordinary_text_is_stored_as_it_is()
    {
        const string Text = "Größe 😀 \\ % '";
        Assert.Same(Text, PostgresText.Escape(Text));
        Assert.Same(Text, PostgresText.Unescape(Text));
    }
}
