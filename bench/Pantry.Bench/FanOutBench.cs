using System.Diagnostics;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Transport.Gates;

namespace Pantry.Bench;

/// <summary>One order to many emulated clients, and all their answers.</summary>
internal sealed class FanOutBench : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly XPublisherSocket _publisher;
    private readonly RouterSocket _router;
    private readonly ServerGate? _publishGate;
    private readonly ServerGate? _receiveGate;
    private readonly List<EmulatedClient> _clients = [];
    private readonly int _count;

    private FanOutBench(int count, bool gated)
    {
        _count = count;
        _publisher = new XPublisherSocket();
        _router = new RouterSocket();
        _publisher.Options.XPubVerbose = true;
        _publisher.Options.Backlog = _router.Options.Backlog = 4096;
        _router.Options.ReceiveHighWatermark = _publisher.Options.SendHighWatermark = 10_000;
        PublishPort = _publisher.BindRandomPort("tcp://127.0.0.1");
        ReceivePort = _router.BindRandomPort("tcp://127.0.0.1");
        if (!gated)
            return;
        _publishGate = GateBench.Server(PublishPort, GateProfile.Publish());
        _receiveGate = GateBench.Server(ReceivePort, GateProfile.Receive());
        PublishPort = _publishGate.EndPoints[0].Port;
        ReceivePort = _receiveGate.EndPoints[0].Port;
    }

    public double ConnectSeconds { get; private set; }

    // A message's: its peer's name, behind a gate the connection's number, and what it says.
    private int Frames => _receiveGate is null ? 2 : 3;

    private int PublishPort { get; }

    private int ReceivePort { get; }

    public static async Task<FanOutBench> OpenAsync(int count, bool gated)
    {
        var bench = new FanOutBench(count, gated);
        long start = Stopwatch.GetTimestamp();
        foreach (int[] some in Enumerable.Range(0, count).Chunk(100))
            bench._clients.AddRange(await Task.WhenAll(some.Select(_ => EmulatedClient.ConnectAsync(bench.PublishPort, bench.ReceivePort))));
        // Connected means: the publisher has every subscription, and the router has heard everyone.
        await bench.RoundAsync(warmUp: true);
        bench.ConnectSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return bench;
    }

    /// <summary>Milliseconds from the order to the last answer.</summary>
    public Task<double> RoundAsync(bool warmUp = false) => Task.Factory.StartNew(
        () =>
        {
            var message = new Msg();
            message.InitEmpty();
            if (warmUp)
            {
                // Every client's hello, and the last of its subscriptions.
                for (int frames = 0; frames < Frames * _count; frames++)
                    Must(_router.TryReceive(ref message, Patience));
                for (int heard = 0; heard < _count;)
                {
                    Must(_publisher.TryReceive(ref message, Patience));
                    heard += message.Slice(1).SequenceEqual(EmulatedClient.Topic) ? 0 : 1;
                }
            }

            long start = Stopwatch.GetTimestamp();
            _publisher.SendMoreFrame(EmulatedClient.Topic).SendFrame(EmulatedClient.Order);
            for (int frames = 0; frames < Frames * _count; frames++)
                Must(_router.TryReceive(ref message, Patience));
            message.Close();
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        },
        TaskCreationOptions.LongRunning);

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        _publisher.Dispose();
        _router.Dispose();
        if (_publishGate is not null)
            await _publishGate.DisposeAsync();
        if (_receiveGate is not null)
            await _receiveGate.DisposeAsync();
    }

    private static void Must(bool done)
    {
        if (!done)
            throw new TimeoutException("Not all answers came in time.");
    }
}
