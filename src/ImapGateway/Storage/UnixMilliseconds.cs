using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace ImapGateway.Storage;

/// <summary>Instants as integers, since SQLite can neither order nor compare a DateTimeOffset. What is finer than a millisecond, and the offset, is lost: all is UTC.</summary>
public sealed class UnixMilliseconds() : ValueConverter<DateTimeOffset, long>(
    instant => instant.ToUnixTimeMilliseconds(),
    milliseconds => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
