namespace Pantry.Daemon.CommandLine;

/// <summary>What an option has read from a file, or where that is <c>-</c>, from what is piped into the program. Reading can be given up, though the system's own call cannot be: a file may be a pipe.</summary>
internal static class StandardInput
{
    public static Task<string?> ReadLineAsync(CancellationToken cancellation) => OffThread(Console.In.ReadLine, cancellation);

    /// <summary>The first line; null where there is none.</summary>
    /// <exception cref="PantryException">It cannot be read.</exception>
    public static Task<string?> ReadLineAsync(string option, string file, CancellationToken cancellation) =>
        FromAsync(option, file, Console.In.ReadLine, () => File.ReadLines(file).FirstOrDefault(), cancellation);

    /// <summary>All of it.</summary>
    /// <exception cref="PantryException">It cannot be read.</exception>
    public static Task<string> ReadAllAsync(string option, string file, CancellationToken cancellation) =>
        FromAsync(option, file, Console.In.ReadToEnd, () => File.ReadAllText(file), cancellation);

    private static async Task<T> FromAsync<T>(string option, string file, Func<T> piped, Func<T> stored, CancellationToken cancellation)
    {
        try
        {
            return await OffThread(file == "-" ? piped : stored, cancellation);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument, $"{option} is '{DisplayText.Clean(file, 200)}', which cannot be read: {exception.Message}", exception) { Target = file };
        }
    }

    private static Task<T> OffThread<T>(Func<T> read, CancellationToken cancellation) => Task.Run(read, CancellationToken.None).WaitAsync(cancellation);
}
