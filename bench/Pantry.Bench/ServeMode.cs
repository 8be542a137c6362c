using System.Globalization;
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

        await using ServerHost host = await ServerHost.StartAsync(
            new ServerConfiguration { PublishPort = 0, ReceivePort = 0, FilePort = 0, Path = args[0] });
        return await ServeAsync(new PantryServed(host));
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

    private sealed class PantryServed(ServerHost host) : IServed
    {
        private readonly string[] _identities = [.. host.Registry.List(new Pantry.Protocol.ClientFilter()).Select(client => client.Identity)];

        public int PublishPort => host.PublishPort;

        public int ReceivePort => host.ReceivePort;

        /// <summary>Clients that are registered and hear what is published.</summary>
        public int Connected => host.Registry.Refresh(_identities).Count(client => client is { Session: not null, HearsPublished: true });

        public string Counters() => string.Join(", ", host.Statistics().MessagesDropped.Select(dropped => $"{dropped.Key} {dropped.Value}"));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
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
