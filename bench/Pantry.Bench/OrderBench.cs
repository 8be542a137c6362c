using System.Diagnostics;
using System.Globalization;
using Pantry.Commands;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Bench;

/// <summary>An order of an operator's console to a whole fleet of real clients, by stream and by a list of names, and all their rows.</summary>
internal static class OrderBench
{
    public static async Task<int> RunAsync(string[] args)
    {
        int clients = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 300;
        int rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10;
        await using BenchFleet fleet = await BenchFleet.PrepareAsync(clients);
        await using ServerProcess server = await ServerProcess.StartAsync(fleet.ServerRoot);
        var commands = new CommandTable();
        commands.Add(new NoteCommand());
        await fleet.StartAsync(server.PublishPort, server.ReceivePort, commands);
        await server.ConnectedAsync(clients);
        await using RemoteFleet console = await RemoteFleet.ConnectAsync(fleet.Operator with { ReceivePort = server.ReceivePort });

        var all = Target.Clients(fleet.Agents.Select(agent => agent.Labels.Identity));
        var stream = new Target { Streams = ["shop.test"] };
        var cases = new (string What, Target Target, string Command)[]
        {
            ("Ping, one stream", stream, "Ping"),
            ("Ping, a list of names", all, "Ping"),
            ("once-only command, one stream", stream, "Note"),
        };
        Print($"{Environment.ProcessorCount} cores, {clients} clients in one process, {rounds} rounds after two, alternating; medians, in milliseconds.");
        Print($"{"",-34}{"first row",12}{"all rows",12}{"clients' processor",20}{"server's",12}");
        var costs = cases.Select(_ => new List<Cost>()).ToArray();
        for (int round = -2; round < rounds; round++)
        {
            for (int index = 0; index < cases.Length; index++)
            {
                Cost cost = await OrderAsync(console, server, cases[index].Target, cases[index].Command, clients);
                if (round >= 0)
                    costs[index].Add(cost);
            }
        }

        for (int index = 0; index < cases.Length; index++)
        {
            List<Cost> of = costs[index];
            Print($"{cases[index].What,-34}{Median(of.Select(cost => cost.First)),12:0}{Median(of.Select(cost => cost.Last)),12:0}{Median(of.Select(cost => cost.Clients)),20:0}{Median(of.Select(cost => cost.Server)),12:0}");
        }

        string counters = await server.CountersAsync();
        Print($"server's counters: {(counters.Length > 0 ? counters : "nothing was dropped")}");
        return 0;
    }

    private static async Task<Cost> OrderAsync(RemoteFleet console, ServerProcess server, Target target, string command, int clients)
    {
        double serverBefore = await server.ProcessorSecondsAsync();
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        double first = 0;
        int rows = 0;
        IJob job = await console.StartJobAsync(new JobRequest { Target = target, Command = command }, default);
        await foreach (ResultRow row in job.ReadRowsAsync(default))
        {
            if (rows++ == 0)
                first = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (row.Result.Status != CommandStatus.Succeeded)
                throw new InvalidOperationException($"{row.Client}: {row.Result.Status}: {row.Result.Error?.Message}");
        }

        double last = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (rows != clients)
            throw new InvalidOperationException($"{rows} rows of {clients}.");
        return new Cost(first, last, (Environment.CpuUsage.TotalTime - before).TotalMilliseconds, (await server.ProcessorSecondsAsync() - serverBefore) * 1000);
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private sealed record Cost(double First, double Last, double Clients, double Server);
}
