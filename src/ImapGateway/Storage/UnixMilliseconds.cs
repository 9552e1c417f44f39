using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace ImapGateway.Storage;

/// <summary>
/// Instants as integers, since SQLite can neither order nor compare a DateTimeOffset. What is finer than a millisecond, and the offset, is lost: all is UTC. A number that is no instant is read as the
/// beginning of 1970: an exception would fail the query of all rows beside it, and what expires has expired.
/// </summary>
public sealed class UnixMilliseconds() : ValueConverter<DateTimeOffset, long>(
    instant => instant.ToUnixTimeMilliseconds(),
    milliseconds => Read(milliseconds))
{
    private static DateTimeOffset Read(long milliseconds) =>
        milliseconds >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds() && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : DateTimeOffset.UnixEpoch;
}
