namespace Pantry.Daemon.CommandLine;

/// <summary>What is piped into the program. Reading it can be given up, though the system's own call cannot be.</summary>
internal static class StandardInput
{
    public static Task<string> ReadAllAsync(CancellationToken cancellation) => Task.Run(Console.In.ReadToEnd, CancellationToken.None).WaitAsync(cancellation);

    public static Task<string?> ReadLineAsync(CancellationToken cancellation) => Task.Run(Console.In.ReadLine, CancellationToken.None).WaitAsync(cancellation);
}
