using System.Globalization;
using Pantry.Bench.Fleet;
using Pantry.Server;

namespace Pantry.Bench;

/// <summary>
/// A server in a process of its own, told what to do line by line: so that its processor time and its files are its own.
/// </summary>
internal static class ServeMode
{
    public static async Task<int> RunAsync(string[] args)
    {
        if (args is ["curve"])
            return await ServeAsync(CurveFloorServer.Start());
        if (args is ["floor", var kind])
            return await ServeAsync(await FloorServer.StartAsync(kind == "curve"));

        // A server that comes again listens where it did.
        int publish = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 0, receive = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 0;
        return await ServeAsync(new PantryServed(await ServerHost.StartAsync(
            new ServerConfiguration { PublishPort = publish, ReceivePort = receive, FilePort = 0, Path = args[0] })));
    }

    private static async Task<int> ServeAsync(IServed served)
    {
        await using (served)
        {
            Console.WriteLine($"ready {served.PublishPort} {served.ReceivePort}");
            while (await Console.In.ReadLineAsync() is { } line && line != "stop")
            {
                string[] words = line.Split(' ');
                Console.WriteLine(words[0] switch
                {
                    "connected" => await ConnectedAsync(served, int.Parse(words[1], CultureInfo.InvariantCulture)),
                    "cpu" => Environment.CpuUsage.TotalTime.TotalSeconds.ToString(CultureInfo.InvariantCulture),
                    "counters" => served.Counters(),
                    "memory" => Measure.Memory(),
                    "count" => served.Connected.ToString(CultureInfo.InvariantCulture),
                    _ when served is IFleetServed fleet => await fleet.DoAsync(words),
                    _ => "what?",
                });
            }
        }

        return 0;
    }

    private static async Task<string> ConnectedAsync(IServed served, int count)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (served.Connected != count)
            await tick.WaitForNextTickAsync(deadline.Token);
        return "yes";
    }
}

/// <summary>What is measured on the server's side.</summary>
internal interface IServed : IAsyncDisposable
{
    int PublishPort { get; }

    int ReceivePort { get; }

    /// <summary>Peers connected on both ports, and heard.</summary>
    int Connected { get; }

    string Counters();
}
