using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using NaCl;

namespace Pantry.Sessions.Curve;

/// <summary>
/// The keys of one session after its handshake: data in MESSAGE boxes whose nonces only grow. Sealing and opening may
/// run beside each other, and disposal beside both; after it both throw. A command that is refused changes nothing.
/// </summary>
internal sealed class CurveSession : IDisposable
{
    private const byte MoreFlag = 1;

    private readonly Lock _sealLock = new();
    private readonly Lock _openLock = new();
    private readonly bool _isServer;

    // One each: NaCl.Net's objects have state, and the two directions run beside each other.
    private readonly XSalsa20Poly1305 _sealer;
    private readonly XSalsa20Poly1305 _opener;
    private ulong _lastSealed;
    private ulong _lastOpened;
    private ulong _sealed;
    private ulong _opened;
    private bool _disposed;

    /// <param name="key">Of the boxes between the short-term keys.</param>
    /// <param name="isServer">Which of the two this side is: each has a prefix of nonces of its own.</param>
    /// <param name="lastSealed">The last nonce this side has used under the key.</param>
    /// <param name="lastOpened">The last one of the other side.</param>
    public CurveSession(ReadOnlySpan<byte> key, bool isServer, ulong lastSealed, ulong lastOpened)
    {
        _sealer = new XSalsa20Poly1305(key);
        _opener = new XSalsa20Poly1305(key);
        _isServer = isServer;
        _lastSealed = lastSealed;
        _lastOpened = lastOpened;
    }

    /// <summary>Messages sealed so far.</summary>
    public ulong Sealed => Volatile.Read(ref _sealed);

    /// <summary>Messages opened so far.</summary>
    public ulong Opened => Volatile.Read(ref _opened);

    /// <summary>A MESSAGE command with these data.</summary>
    /// <exception cref="InvalidOperationException">All nonces are used; a session that is renewed in time never comes there.</exception>
    public byte[] Seal(ReadOnlySpan<byte> data, bool more)
    {
        byte[] command = GC.AllocateUninitializedArray<byte>(checked(CurveCommands.MessageOverhead + data.Length));
        CurveCommands.MessageName.CopyTo(command);
        Span<byte> plain = command.AsSpan(CurveCommands.MessageBox + CurveBox.Overhead);
        plain[0] = more ? MoreFlag : (byte)0;
        data.CopyTo(plain[1..]);

        Span<byte> nonce = stackalloc byte[CurveBox.NonceLength];
        lock (_sealLock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_lastSealed == ulong.MaxValue)
                throw new InvalidOperationException("The nonces of this session are used up.");
            _lastSealed++;
            CurveBox.WriteNonce(nonce, _isServer ? CurveCommands.ServerMessagePrefix : CurveCommands.ClientMessagePrefix, _lastSealed);
            BinaryPrimitives.WriteUInt64BigEndian(command.AsSpan(CurveCommands.MessageNonce), _lastSealed);
            // In place: the data are copied once.
            _sealer.Encrypt(plain, command.AsSpan(CurveCommands.MessageBox, CurveBox.Overhead), plain, nonce);
            Volatile.Write(ref _sealed, _sealed + 1);
        }

        return command;
    }

    /// <summary>Opens a MESSAGE command; any fault leaves the session as it was.</summary>
    public CurveFault Open(ReadOnlySpan<byte> command, out byte[] data, out bool more)
    {
        data = [];
        more = false;
        if (!CurveCommands.IsMessage(command))
            return CurveCommands.FaultOf(command);
        ulong number = BinaryPrimitives.ReadUInt64BigEndian(command[CurveCommands.MessageNonce..]);
        int length = command.Length - CurveCommands.MessageBox - CurveBox.Overhead;
        byte[] rented = ArrayPool<byte>.Shared.Rent(length);
        Span<byte> plain = rented.AsSpan(0, length);
        try
        {
            CurveFault fault = Decrypt(command, number, plain);
            if (fault != CurveFault.None)
                return fault;
            more = plain[0] == MoreFlag;
            data = GC.AllocateUninitializedArray<byte>(length - 1);
            plain[1..].CopyTo(data);
            return CurveFault.None;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    public void Dispose()
    {
        // A key must not turn to zeros under a message that is being sealed.
        lock (_sealLock)
        {
            lock (_openLock)
            {
                _disposed = true;
                _sealer.Dispose();
                _opener.Dispose();
            }
        }
    }

    private CurveFault Decrypt(ReadOnlySpan<byte> command, ulong number, Span<byte> plain)
    {
        Span<byte> nonce = stackalloc byte[CurveBox.NonceLength];
        CurveBox.WriteNonce(nonce, _isServer ? CurveCommands.ClientMessagePrefix : CurveCommands.ServerMessagePrefix, number);
        lock (_openLock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_lastOpened == ulong.MaxValue)
                return CurveFault.Exhausted;
            if (number <= _lastOpened)
                return CurveFault.BadNonce;
            if (!_opener.TryDecrypt(plain, command[CurveCommands.MessageBox..], nonce))
                return CurveFault.WrongKey;
            // ZMTP's commands may travel in boxes too; here nothing needs them.
            if (plain[0] is not (0 or MoreFlag))
                return CurveFault.Malformed;
            _lastOpened = number;
            Volatile.Write(ref _opened, _opened + 1);
            return CurveFault.None;
        }
    }
}
