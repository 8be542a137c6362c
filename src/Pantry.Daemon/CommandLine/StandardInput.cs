using System.Text;
using Pantry.Protocol;

namespace Pantry.Daemon.CommandLine;

/// <summary>What an option has read from a file, or where that is <c>-</c>, from what is piped into the program. Reading can be given up, though the system's own call cannot be: a file may be a pipe.</summary>
internal static class StandardInput
{
    /// <summary>The most that is read: it goes into an order, or is less than what does. A device or a pipe may never end.</summary>
    public static readonly int MaxBytes = new WireLimits().MaxOrderBytes;

    /// <summary>The first line; empty where there is none.</summary>
    /// <exception cref="PantryException">It cannot be read, or is too long.</exception>
    public static Task<string> ReadLineAsync(string option, string file, CancellationToken cancellation) => ReadAsync(option, file, upToLineEnd: true, cancellation);

    /// <summary>All of it.</summary>
    /// <exception cref="PantryException">It cannot be read, or is too long.</exception>
    public static Task<string> ReadAllAsync(string option, string file, CancellationToken cancellation) => ReadAsync(option, file, upToLineEnd: false, cancellation);

    public static PantryException TooLarge(string option, string file) =>
        Invalid(option, file, $"has more than {MaxBytes:N0} bytes, which is the most that an order carries. Give the right file, or a smaller one.");

    public static PantryException Invalid(string option, string file, string what, Exception? inner = null) =>
        new(PantryErrorCode.InvalidArgument, $"{option} is '{DisplayText.Clean(file, 200)}', which {what}", inner) { Target = file };

    private static Task<string> ReadAsync(string option, string file, bool upToLineEnd, CancellationToken cancellation) => Task.Run(() =>
    {
        try
        {
            using StreamReader reader = file == "-" ? new StreamReader(Console.OpenStandardInput(), Console.InputEncoding) : new StreamReader(file);
            return Read(reader, upToLineEnd) ?? throw TooLarge(option, file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Invalid(option, file, $"cannot be read: {exception.Message}", exception);
        }
    }, CancellationToken.None).WaitAsync(cancellation);

    // No character has less than a byte.
    private static string? Read(StreamReader reader, bool upToLineEnd)
    {
        var text = new StringBuilder();
        while (reader.Read() is >= 0 and int next && (!upToLineEnd || next is not ('\r' or '\n')))
        {
            if (text.Length == MaxBytes)
                return null;
            text.Append((char)next);
        }

        return text.ToString();
    }
}
