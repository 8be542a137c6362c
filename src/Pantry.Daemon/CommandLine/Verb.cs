using System.CommandLine;
using Pantry.Operators;

namespace Pantry.Daemon.CommandLine;

/// <summary>What verbs have in common.</summary>
internal static class Verb
{
    /// <summary>What a command does.</summary>
    public static void Does(this Command command, Func<ParseResult, CancellationToken, Task<ExitCode>> action) =>
        command.SetAction(async (parsed, cancellation) => (int)await action(parsed, cancellation));

    /// <summary>What a command does with a server that it is connected to.</summary>
    public static void DoesAt(this Command command, ConnectionOptions connection, Func<ParseResult, RemoteFleet, CancellationToken, Task<ExitCode>> action) =>
        command.DoesAt(connection, parsed => parsed, action);

    /// <summary>The same for one that first reads what is wanted: nobody is connected for a command line that has an error.</summary>
    public static void DoesAt<T>(
        this Command command, ConnectionOptions connection, Func<ParseResult, T> read, Func<T, RemoteFleet, CancellationToken, Task<ExitCode>> action) =>
        command.DoesAt(connection, (parsed, _) => Task.FromResult(read(parsed)), action);

    /// <summary>The same where what is wanted may have to be read from elsewhere.</summary>
    public static void DoesAt<T>(
        this Command command, ConnectionOptions connection, Func<ParseResult, CancellationToken, Task<T>> read,
        Func<T, RemoteFleet, CancellationToken, Task<ExitCode>> action) =>
        command.Does(async (parsed, cancellation) =>
        {
            T wanted = await read(parsed, cancellation);
            await using RemoteFleet fleet = await connection.ConnectAsync(parsed, cancellation);
            return await action(wanted, fleet, cancellation);
        });
}
