using System.Buffers.Binary;
using System.Security.Cryptography;
using Pantry.Protocol;
using Pantry.Transport;

namespace Pantry.Sessions;

/// <summary>
/// The key of what is published on one topic: AES-256-GCM. Key and topic id are random and live in this process only;
/// each use takes the next number, so no nonce is used twice. A published frame is epoch (4 bytes), number (8), sealed
/// frames, tag (16); epoch and number are the nonce, the topic's id is authenticated with it.
/// </summary>
internal sealed class StreamKey : IDisposable
{
    public const int KeyLength = 32;
    public const int NonceLength = 12;
    public const int TagLength = 16;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(KeyLength);
    private readonly AesGcm _cipher;
    private ulong _number;

    public StreamKey(uint epoch)
    {
        Epoch = epoch;
        _cipher = new AesGcm(_key, TagLength);
    }

    public TopicId Id { get; } = TopicId.NewRandom();

    public uint Epoch { get; }

    public TopicGrant Grant => new(Id.ToBytes(), Epoch, [.. _key]);

    /// <summary>Seals a message's frames. By one caller at a time.</summary>
    public byte[] Seal(byte[][] frames)
    {
        byte[] whole = Fragments.Join(frames);
        byte[] result = new byte[NonceLength + whole.Length + TagLength];
        Span<byte> nonce = result.AsSpan(0, NonceLength);
        BinaryPrimitives.WriteUInt32BigEndian(nonce, Epoch);
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], checked(++_number));
        _cipher.Encrypt(nonce, whole, result.AsSpan(NonceLength, whole.Length), result.AsSpan(^TagLength), Id.ToBytes());
        return result;
    }

    public void Dispose()
    {
        _cipher.Dispose();
        CryptographicOperations.ZeroMemory(_key);
    }
}
