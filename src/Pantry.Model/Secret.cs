using System.Runtime.InteropServices;
using System.Security;
using System.Security.Cryptography;
using System.Text;

namespace Pantry;

/// <summary>A value that is shown nowhere: it has no property to read it, and its text is a row of stars.</summary>
public sealed class Secret : IDisposable
{
    private readonly byte[] _value;
    private bool _disposed;

    /// <summary>Takes a copy of a value.</summary>
    /// <param name="value">The value.</param>
    public Secret(SecureString value)
    {
        ArgumentNullException.ThrowIfNull(value);
        char[] characters = new char[value.Length];
        nint copy = Marshal.SecureStringToGlobalAllocUnicode(value);
        try
        {
            Marshal.Copy(copy, characters, 0, characters.Length);
            _value = Encoding.UTF8.GetBytes(characters);
        }
        finally
        {
            Marshal.ZeroFreeGlobalAllocUnicode(copy);
            Array.Clear(characters);
        }
    }

    internal Secret(ReadOnlySpan<byte> value) => _value = value.ToArray();

    /// <summary>Wipes the value.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_value);
        _disposed = true;
    }

    /// <summary>Never the value.</summary>
    public override string ToString() => "********";

    /// <summary>A copy of the value in UTF-8, for whoever seals or uses it; it is theirs to wipe.</summary>
    internal byte[] Reveal()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return [.. _value];
    }
}
