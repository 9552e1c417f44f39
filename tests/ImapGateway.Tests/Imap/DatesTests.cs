using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using ImapGateway.Imap;

namespace ImapGateway.Tests.Imap;

public class DatesTests
{
    [Theory]
    [InlineData("Fri, 05 Jan 2024 10:00:00 +0000", "2024-01-05T10:00:00")]
    [InlineData("Fri, 5 Jan 2024 10:00 +0100 (CET)", "2024-01-05T09:00:00")]
    [InlineData("5 January 2024 10:00:00 GMT", "2024-01-05T10:00:00")]
    [InlineData("Fri,05-Jan-2024 10:00:00 EST", "2024-01-05T15:00:00")]
    [InlineData("Friday, 05 Jan 24 10:00:00 -0530", "2024-01-05T15:30:00")]
    [InlineData("Fri, 05 Jan 98 10:00:00 +0000", "1998-01-05T10:00:00")]
    [InlineData("Fri, 05 Jan 124 10:00:00 +0000", "2024-01-05T10:00:00")]
    [InlineData("Fri, 05 Jan 2024 10:00:60 +0000", "2024-01-05T10:01:00")]
    [InlineData("Fri (a (nested) comment), 05 Jan 2024 (x) 10:00:00 +0000", "2024-01-05T10:00:00")]
    [InlineData("Wrong, 05 Jan 2024 10.00.00 +0000", "2024-01-05T10:00:00")]
    [InlineData("Fri, 05 Jan 2024 10:00:00 PM +0000", "2024-01-05T22:00:00")]
    [InlineData("Fri, 05 Jan 2024 12:00:00 a.m. UTC", "2024-01-05T00:00:00")]
    [InlineData("Fri Jan  5 10:00:00 2024", "2024-01-05T10:00:00")]
    [InlineData("Fri Jan  5 10:00:00 CET 2024", "2024-01-05T09:00:00")]
    [InlineData("Fri Jan 5 10:00:00 2024 +0100", "2024-01-05T09:00:00")]
    [InlineData("Fri Jan 05 2024 10:00:00 GMT+0100 (Central European Standard Time)", "2024-01-05T09:00:00")]
    [InlineData("Friday, January 5, 2024 10:00 AM -0500", "2024-01-05T15:00:00")]
    [InlineData("2015-09-16T15:13:51.977784+00:00", "2015-09-16T15:13:51")]
    [InlineData("2024-01-05 10:00:00 +0100", "2024-01-05T09:00:00")]
    [InlineData("2024-01-05T10:00Z", "2024-01-05T10:00:00")]
    [InlineData("20240105T100000+0100", "2024-01-05T09:00:00")]
    [InlineData("Fri, 2024/01/05 10:00:00 UTC", "2024-01-05T10:00:00")]
    [InlineData("2024 Jan 5 10:00:00 +0000", "2024-01-05T10:00:00")]
    public void Dates_are_understood_in_the_forms_that_senders_use(string text, string expected) =>
        Assert.Equal(DateTimeOffset.Parse(expected + "Z", CultureInfo.InvariantCulture), Dates.Parse(text));

    [Theory]
    [InlineData("+01:00", 60)]
    [InlineData("+1:00", 60)]
    [InlineData("+1", 60)]
    [InlineData("+100", 60)]
    [InlineData("+ 0100", 60)]
    [InlineData("GMT+0200", 120)]
    [InlineData("GMT+2", 120)]
    [InlineData("UTC-03:30", -210)]
    [InlineData("UTC +0200", 120)]
    [InlineData("+0100 CEST", 60)]
    [InlineData("-0000", 0)]
    [InlineData("Z", 0)]
    [InlineData("ut", 0)]
    [InlineData("CEST", 120)]
    [InlineData("cet", 60)]
    [InlineData("MESZ", 120)]
    [InlineData("PDT", -420)]
    [InlineData("JST", 540)]
    [InlineData("(CEST)", 120)]
    [InlineData("", 0)]
    public void Zones_are_numbers_or_names(string zone, int minutes) =>
        Assert.Equal(new DateTimeOffset(2024, 1, 5, 10, 0, 0, TimeSpan.FromMinutes(minutes)), Dates.Parse($"Fri, 05 Jan 2024 10:00:00 {zone}"));

    [Theory]
    [InlineData("XYZ")]
    [InlineData("IST")]
    [InlineData("J")]
    [InlineData("+2500")]
    [InlineData("+0175")]
    [InlineData("+1:0")]
    [InlineData("GMT Standard Time")]
    [InlineData("Europe/Berlin")]
    [InlineData("\"CET\"")]
    [InlineData("(somewhere)")]
    [InlineData("+01.30")]
    [InlineData("+0100 or so")]
    public void A_zone_that_is_not_understood_gives_no_date_and_never_another_instant(string zone)
    {
        Assert.Null(Dates.Parse($"Fri, 05 Jan 2024 10:00:00 {zone}"));
        Assert.Null(Dates.Parse($"2024-01-05T10:00:00 {zone}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("Fri, 32 Jan 2024 10:00:00 +0000")]
    [InlineData("Fri, 30 Feb 2024 10:00:00 +0000")]
    [InlineData("Fri, 05 Foo 2024 10:00:00 +0000")]
    [InlineData("Fri, 05 Jan 2024 25:00:00 +0000")]
    [InlineData("Fri, 05 Jan 2024 10:61:00 +0000")]
    [InlineData("Fri, 05 Jan 0001 10:00:00 +0000")]
    [InlineData("Fri, 05 Jan 2024 13:00:00 PM +0000")]
    [InlineData("Fri, 05 Jan 2024")]
    [InlineData("05/01/2024 10:00:00")]
    [InlineData("2024-13-05T10:00:00Z")]
    [InlineData("Fri Jan 5 10:00:00 CET")]
    public void What_is_no_instant_is_no_date(string text) => Assert.Null(Dates.Parse(text));

    [Fact]
    public void Any_text_is_a_date_or_none() => Prop.ForAll(
        Gen.Elements("Fri", ",", " ", "05", "5", "Jan", "January", "2024", "24", "10", ":", "00", "+", "-", "0100", "GMT", "CET", "T", "Z", "(", ")", ".", "/", "PM", "9999", "99").ArrayOf().ToArbitrary(),
        pieces => Assert.True(Dates.Parse(string.Concat(pieces)) is null or { Year: >= 1900, Offset.Ticks: 0 })).QuickCheckThrowOnFailure();
}
