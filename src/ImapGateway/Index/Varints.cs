using System.Text;
using System.Text.Unicode;

namespace ImapGateway.Index;

/// <summary>Writes unsigned numbers in groups of seven bits, the lowest first. Differences are zigzagged so that small negative ones stay short.</summary>
public sealed class VarintWriter(int capacity)
{
    private const int MaxLength = 10;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private byte[] _data = new byte[Math.Max(capacity, MaxLength)];
    private int _length;

    public ReadOnlySpan<byte> Written => _data.AsSpan(0, _length);

    public void WriteByte(byte value)
    {
        EnsureRoom(1);
        _data[_length++] = value;
    }

    public void Write(ulong value)
    {
        EnsureRoom(MaxLength);
        for (; value >= 0x80; value >>= 7)
        {
            _data[_length++] = (byte)(value | 0x80);
        }
        _data[_length++] = (byte)value;
    }

    /// <summary>Writes the difference between two numbers in either direction, over the whole range of 64 bits.</summary>
    public void WriteDifference(ulong from, ulong to)
    {
        var difference = (long)(to - from);
        Write((ulong)(difference << 1 ^ difference >> 63));
    }

    public void WriteBytes(ReadOnlySpan<byte> value)
    {
        EnsureRoom(value.Length);
        value.CopyTo(_data.AsSpan(_length));
        _length += value.Length;
    }

    /// <summary>Writes the length in bytes, then the UTF-8.</summary>
    /// <exception cref="EncoderFallbackException">A lone surrogate has no UTF-8: it is refused instead of replaced.</exception>
    public void WriteText(string value)
    {
        var length = StrictUtf8.GetByteCount(value);
        Write((uint)length);
        EnsureRoom(length);
        _length += StrictUtf8.GetBytes(value, _data.AsSpan(_length));
    }

    public void Clear() => _length = 0;

    private void EnsureRoom(int more)
    {
        if (_data.Length - _length < more)
        {
            Array.Resize(ref _data, Math.Max(_data.Length * 2, _length + more));
        }
    }
}

/// <summary>Reads data of <see cref="VarintWriter"/> up to <c>end</c>; other data cause an <see cref="InvalidDataException"/>.</summary>
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

    public string ReadText()
    {
        var text = ReadBytes(ReadInt32());
        return Utf8.IsValid(text) ? Encoding.UTF8.GetString(text) : throw Corrupt();
    }

    public static InvalidDataException Corrupt() => new("The bytes are not those of an index page.");
}
