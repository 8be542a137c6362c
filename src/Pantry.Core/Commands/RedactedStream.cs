namespace Pantry.Commands;

/// <summary>
/// One stream of output without the values of secrets, as it comes: what is decided is given out at once, and what may be the beginning of a value when it is
/// known whether it is one. All of it together is what redacting the whole would give.
/// </summary>
internal sealed class RedactedStream(SecretRedactor secrets)
{
    // What is before the place, as far as a value may reach, and what is undecided behind it.
    private byte[] _open = [];
    private int _at;
    private bool _inside;

    /// <summary>Takes what has come, and gives what is decided by now.</summary>
    public byte[] Take(ReadOnlySpan<byte> bytes)
    {
        if (secrets.IsEmpty)
            return bytes.ToArray();
        byte[] all = [.. _open, .. bytes];
        return Give(all, Math.Max(_at, secrets.Decided(all)));
    }

    /// <summary>The rest; what comes after it is another stream.</summary>
    public byte[] End()
    {
        byte[] rest = Give(_open, _open.Length);
        (_open, _at, _inside) = ([], 0, false);
        return rest;
    }

    private byte[] Give(byte[] all, int to)
    {
        byte[] redacted = secrets.Redact(all, _at, to, ref _inside);
        int from = Math.Max(0, to - secrets.LongestValue);
        _open = all[from..];
        _at = to - from;
        return redacted;
    }
}
