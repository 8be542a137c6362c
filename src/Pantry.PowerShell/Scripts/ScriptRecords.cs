using System.Management.Automation;
using System.Text;

namespace Pantry.PowerShell.Scripts;

/// <summary>
/// What a script wrote, in the order it came, kept up to a cap: for each record the letter of its stream, a CLIXML
/// document and a zero byte.
/// </summary>
internal sealed class ScriptRecords(int cap, int depth) : IDisposable
{
    public const char Output = 'O';
    public const char Error = 'E';
    public const char Warning = 'W';
    public const char Verbose = 'V';
    public const char Information = 'I';
    public const char Debug = 'D';

    private readonly Lock _lock = new();
    private readonly MemoryStream _kept = new();

    /// <summary>Whether a record did not fit; those after it are left out too, so that what is kept has no gaps.</summary>
    public bool Truncated { get; private set; }

    public void Add(char stream, object? value)
    {
        lock (_lock)
        {
            if (Truncated)
                return;
        }

        byte[] record = [(byte)stream, .. Encoding.UTF8.GetBytes(PSSerializer.Serialize(value, depth)), 0];
        lock (_lock)
        {
            if (Truncated || _kept.Length + record.Length > cap)
                Truncated = true;
            else
                _kept.Write(record);
        }
    }

    public byte[] ToArray()
    {
        lock (_lock)
            return _kept.ToArray();
    }

    public void Dispose() => _kept.Dispose();
}
