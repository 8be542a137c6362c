using System.Diagnostics;
using System.Globalization;
using System.Text;
using Pantry.Commands;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Bench.Fleet;

/// <summary>`hostname` as a process of its own on whole clients, each registered for itself, ordered from a console: what compare-ssh.sh has beside it.</summary>
internal static class ShellBench
{
    public static async Task<int> RunAsync(string[] args)
    {
        int clients = Options.Number(args, "--clients", 100), rounds = Options.Number(args, "--rounds", 15);
        await using BenchFleet fleet = await BenchFleet.PrepareAsync(clients);
        await using ServerProcess server = await ServerProcess.StartAsync(fleet.ServerRoot);
        await fleet.StartAsync(server.PublishPort, server.ReceivePort);
        await server.ConnectedAsync(clients);
        var took = new List<double>();
        var connected = new List<double>();
        for (int round = -2; round < rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            // With its connection, as the other tools have it, and without.
            await using RemoteFleet console = await RemoteFleet.ConnectAsync(fleet.Operator with { ReceivePort = server.ReceivePort });
            long begun = Stopwatch.GetTimestamp();
            IJob job = await console.StartJobAsync(
                new JobRequest { Target = new Target { Streams = ["shop.test"] }, Command = ShellCommand.CommandName, Format = Protocol.BodyFormat.Json, Arguments = """{"program":"hostname"}"""u8.ToArray() }, default);
            int rows = 0;
            await foreach (ResultRow row in job.ReadRowsAsync(default))
            {
                string text = Encoding.UTF8.GetString(row.Bodies.ElementAtOrDefault(Protocol.Result.StandardOutputBody) ?? []).Trim();
                if (row.Result.Status != CommandStatus.Succeeded || text != Environment.MachineName)
                    throw new InvalidOperationException($"{row.Client}: {row.Result.Status}: {row.Result.Error?.Message} '{text}'{(row.Result.Truncated ? ", cut short" : "")}");
                rows++;
            }

            if (rows != clients)
                throw new InvalidOperationException($"{rows} rows of {clients}.");
            if (round < 0)
                continue;
            took.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
            connected.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        Print($"{"Pantry, Shell",-28} {took.Min(),8:0.000} s   {clients} answers; the best of {rounds}, median {took.Order().ElementAt(rounds / 2):0.000} s; with the console's connection {connected.Min():0.000} s");
        return 0;
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
