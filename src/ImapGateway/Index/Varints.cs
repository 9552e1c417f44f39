using System.Buffers;

namespace ImapGateway.Index;

/// <summary>Unsigned numbers in groups of seven bits, the lowest first; differences are zigzagged so that small negative ones stay short.</summary>
public sealed class VarintWriter(int capacity)
{
    private readonly ArrayBufferWriter<byte> _bytes = new(capacity);

    public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    public void WriteByte(byte value)
    {
        _bytes.GetSpan(1)[0] = value;
        _bytes.Advance(1);
    }

    public void Write(ulong value)
    {
        var span = _bytes.GetSpan(10);
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }
        span[length++] = (byte)value;
        _bytes.Advance(length);
    }

    /// <summary>The way from one number to another, either direction, over the whole range of 64 bits.</summary>
    public void WriteDifference(ulong from, ulong to)
    {
        var difference = (long)(to - from);
        Write((ulong)(difference << 1 ^ difference >> 63));
    }

    public void WriteBytes(ReadOnlySpan<byte> value) => _bytes.Write(value);
}

/// <summary>Reads what <see cref="VarintWriter"/> wrote, up to <c>end</c>; anything else is an <see cref="InvalidDataException"/>.</summary>
public struct VarintReader(byte[] data, int position, int end)
{
    public int Position { get; private set; } = position;

    public readonly int Left => end - Position;

    public byte ReadByte() => Position < end ? data[Position++] : throw Corrupt();

    public ulong ReadUInt64()
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var group = ReadByte();
            if (shift == 63 && group > 1)
            {
                throw Corrupt();
            }
            value |= (group & 0x7FUL) << shift;
            if (group < 0x80)
            {
                return value;
            }
        }
    }

    public uint ReadUInt32() => ReadUInt64() is var value and <= uint.MaxValue ? (uint)value : throw Corrupt();

    public int ReadInt32() => ReadUInt64() is var value and <= int.MaxValue ? (int)value : throw Corrupt();

    public ulong ReadDifference(ulong from)
    {
        var zigzag = ReadUInt64();
        return from + (zigzag >> 1 ^ 0 - (zigzag & 1));
    }

    public ReadOnlySpan<byte> ReadBytes(int length)
    {
        if (length > Left)
        {
            throw Corrupt();
        }
        var bytes = data.AsSpan(Position, length);
        Position += length;
        return bytes;
    }

    public static InvalidDataException Corrupt() => new("The bytes are not those of an index page.");
}
