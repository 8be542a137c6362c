using System.Diagnostics;
using System.Globalization;
using NaCl;
using NetMQ;
using Pantry.Client;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Server;
using Pantry.Sessions.Curve;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Bench;

/// <summary>
/// What security costs in time, one message after the other: an order to one client and its answer with all of it, beside
/// an echo of as many bytes over bare NetMQ, over NetMQ's CURVE, and over the gates with and without the session's seal.
/// </summary>
internal static class SealedBench
{
    private const int Trips = 300;

    // About what an order of Ping has, and what its answer has.
    private static readonly int[] Sizes = [1024, 32 * 1024];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static async Task<int> RunAsync(string[] args)
    {
        int rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5;
        Print($"{Environment.ProcessorCount} cores, {rounds} rounds of {Trips} round trips, alternating; medians, in microseconds.");
        Print($"{"",-58}{"p50",10}{"p99",10}{"processor",12}");
        foreach (int size in Sizes)
            await EchoesAsync(size, rounds);
        foreach (bool inMemory in (bool[])[true, false])
            await OrdersAsync(inMemory, rounds);
        return 0;
    }

    private static async Task EchoesAsync(int size, int rounds)
    {
        await using PairLink bare = PairLink.Bare(), curve = PairLink.Curve(), gated = PairLink.BothGated();
        var cases = new (string What, Func<Task<Trip>> Measure)[]
        {
            ($"echo of {size} bytes, bare NetMQ", () => EchoAsync(bare, size, sealedBySession: false)),
            ($"echo of {size} bytes, NetMQ's CURVE", () => EchoAsync(curve, size, sealedBySession: false)),
            ($"echo of {size} bytes, bare NetMQ, sealed by a session", () => EchoAsync(bare, size, sealedBySession: true)),
            ($"echo of {size} bytes, both gates", () => EchoAsync(gated, size, sealedBySession: false)),
            ($"echo of {size} bytes, both gates, sealed by a session", () => EchoAsync(gated, size, sealedBySession: true)),
        };
        await MeasureAsync(cases, rounds);
    }

    private static async Task OrdersAsync(bool inMemory, int rounds)
    {
        string root = BenchFleet.NewDirectory(inMemory);
        string where = inMemory ? "in memory" : "on the disk";
        await using (ServerHost host = await ServerHost.StartAsync(
            new ServerConfiguration { PublishPort = 0, ReceivePort = 0, FilePort = 0, Path = Path.Combine(root, "server") }))
        {
            Enrollment enrollment = await host.Fleet.EnrolAsync(new Enrol("host", null, null, [], 0), default);
            var address = new ServerAddress("127.0.0.1", host.PublishPort, host.ReceivePort);
            await using ClientAgent client = await ClientAgent.StartAsync(new ClientConfiguration
            {
                Server = address,
                Labels = ClientLabels.Create("host", null, null, null),
                Path = Path.Combine(root, "client"),
                Enrollment = enrollment,
            });
            await using RemoteFleet remote = await RemoteFleet.ConnectAsync(await NewConsole.AddAsync(host));
            var order = new JobRequest { Target = Target.Clients(["host"]), Command = "Ping" };
            var written = new JobRequest { Target = Target.Clients(["host"]), Command = "Note" };
            client.Commands.Add(new NoteCommand());
            await MeasureAsync(
                [
                    ($"Ping, server's own operator, directories {where}", () => OrderAsync(host.Fleet, order)),
                    ($"Ping, an operator's console, directories {where}", () => OrderAsync(remote, order)),
                    ($"once-only command, console, directories {where}", () => OrderAsync(remote, written)),
                ],
                rounds);
        }

        Directory.Delete(root, recursive: true);
    }

    private static async Task<Trip> OrderAsync(IFleet fleet, JobRequest request)
    {
        var took = new List<double>(Trips);
        TimeSpan before = Environment.CpuUsage.TotalTime;
        for (int trip = 0; trip < Trips; trip++)
        {
            long start = Stopwatch.GetTimestamp();
            IJob job = await fleet.StartJobAsync(request, default);
            await foreach (ResultRow row in job.ReadRowsAsync(default))
            {
                if (row.Result.Status != CommandStatus.Succeeded)
                    throw new InvalidOperationException($"{row.Result.Status}: {row.Result.Error?.Message}");
            }

            took.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        return Trip.Of(took, before);
    }

    private static async Task<Trip> EchoAsync(PairLink link, int size, bool sealedBySession)
    {
        byte[] body = new byte[size];
        byte[] key = new byte[XSalsa20Poly1305.KeyLength];
        using var asking = new CurveSession(key, isServer: false, 1, 1);
        using var answering = new CurveSession(key, isServer: true, 1, 1);
        byte[] Seal(CurveSession session, byte[] bytes) => sealedBySession ? session.Seal(bytes, more: false) : bytes;
        byte[] Open(CurveSession session, byte[] bytes) => !sealedBySession ? bytes
            : session.Open(bytes, out byte[]? plain, out _) == CurveFault.None ? plain! : throw new InvalidOperationException("The message did not open.");

        var echo = Task.Factory.StartNew(
            () =>
            {
                for (int answered = 0; answered < Trips; answered++)
                {
                    Must(link.Router.TryReceiveFrameBytes(Patience, out byte[]? id));
                    Must(link.Router.TryReceiveFrameBytes(Patience, out byte[]? question));
                    link.Router.SendMoreFrame(id!).SendFrame(Seal(answering, Open(answering, question!)));
                }
            },
            TaskCreationOptions.LongRunning);
        var took = new List<double>(Trips);
        TimeSpan before = Environment.CpuUsage.TotalTime;
        for (int trip = 0; trip < Trips; trip++)
        {
            long start = Stopwatch.GetTimestamp();
            Must(link.Dealer.TrySendFrame(Patience, Seal(asking, body)));
            Must(link.Dealer.TryReceiveFrameBytes(Patience, out byte[]? answer));
            Open(asking, answer!);
            took.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        await echo.WaitAsync(Patience);
        return Trip.Of(took, before);
    }

    private static async Task MeasureAsync((string What, Func<Task<Trip>> Measure)[] cases, int rounds)
    {
        var results = cases.Select(_ => new List<Trip>()).ToArray();
        for (int round = -1; round < rounds; round++)
        {
            for (int index = 0; index < cases.Length; index++)
            {
                Trip trip = await cases[index].Measure();
                if (round >= 0)
                    results[index].Add(trip);
            }
        }

        for (int index = 0; index < cases.Length; index++)
        {
            List<Trip> trips = results[index];
            Print($"{cases[index].What,-58}{Median(trips.Select(trip => trip.Half)),10:0}{Median(trips.Select(trip => trip.Most)),10:0}{Median(trips.Select(trip => trip.Processor)),12:0}");
        }
    }

    private static void Must(bool done)
    {
        if (!done)
            throw new TimeoutException("A message did not pass in time.");
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    /// <summary>Half of the trips took no longer, all but one in a hundred took no longer; processor time of one, both sides.</summary>
    private sealed record Trip(double Half, double Most, double Processor)
    {
        public static Trip Of(List<double> took, TimeSpan processorBefore)
        {
            double processor = (Environment.CpuUsage.TotalTime - processorBefore).TotalMicroseconds / took.Count;
            took.Sort();
            return new Trip(took[took.Count / 2], took[took.Count * 99 / 100], processor);
        }
    }
}
