using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace ImapGateway.Storage;

/// <summary>
/// Stores instants as integers, since SQLite can neither order nor compare a DateTimeOffset. The offset and fractions of a millisecond are lost: all is UTC. A number that is not an instant is read
/// as the beginning of 1970: an exception would fail the query of all rows beside it, and an expiry at that time has passed.
/// </summary>
public sealed class UnixMilliseconds() : ValueConverter<DateTimeOffset, long>(
    instant => instant.ToUnixTimeMilliseconds(),
    milliseconds => Read(milliseconds))
{
    private static DateTimeOffset Read(long milliseconds) =>
        milliseconds >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds() && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : DateTimeOffset.UnixEpoch;
}
