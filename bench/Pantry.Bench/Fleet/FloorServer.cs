using System.Buffers.Binary;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Security;
using Pantry.Transport;

namespace Pantry.Bench.Fleet;

/// <summary>The floor: bare NetMQ, a PUB and a ROUTER with nothing around them, plain or with NetMQ's CURVE.</summary>
internal sealed class FloorServer : IFleetServed
{
    public static readonly byte[] All = [.. Enumerable.Range(1, TopicId.Length).Select(value => (byte)value)];
    private static readonly byte[] Secret = [.. Enumerable.Range(1, 32).Select(value => (byte)(value * 7))];

    private readonly SocketLoop _loop = SocketLoop.Start("floor", 4096, NullLogger.Instance);
    private readonly XPublisherSocket _publisher;
    private readonly RouterSocket _router;
    private readonly Dictionary<string, byte[]> _peers = [];
    private TaskCompletionSource _gathered = new();
    private int _subscribed;
    private int _missing;

    private FloorServer(bool curve)
    {
        (_publisher, _router) = (new XPublisherSocket(), new RouterSocket());
        _publisher.Options.XPubVerbose = true;
        foreach (NetMQSocket socket in (NetMQSocket[])[_publisher, _router])
        {
            socket.Options.Backlog = 4096;
            socket.Options.SendHighWatermark = socket.Options.ReceiveHighWatermark = 10_000;
            if (!curve)
                continue;
            socket.Options.CurveServer = true;
            socket.Options.CurveCertificate = new NetMQCertificate([.. Secret], Key.Bytes.ToArray());
        }

        PublishPort = _publisher.BindRandomPort("tcp://127.0.0.1");
        ReceivePort = _router.BindRandomPort("tcp://127.0.0.1");
        _loop.Add(_publisher, TakeSubscription);
        _loop.Add(_router, TakeAnswer);
    }

    /// <summary>What clients expect.</summary>
    public static PublicKey Key { get; } = CurveKeyPair.FromSecret([.. Secret]).PublicKey;

    public int PublishPort { get; }

    public int ReceivePort { get; }

    // Those that greeted and whose own topic is heard; who has gone is known by its topic alone.
    public int Connected => Math.Min(Volatile.Read(ref _subscribed), _peers.Count);

    public static Task<FloorServer> StartAsync(bool curve)
    {
        SocketDefaults.Apply();
        // Its sockets are the loop's from the moment that they are bound.
        return Task.FromResult(new FloorServer(curve));
    }

    public string Counters() => "";

    public async Task<string> DoAsync(string[] words)
    {
        byte[] order = new byte[int.Parse(words[1], CultureInfo.InvariantCulture)];
        BinaryPrimitives.WriteInt32BigEndian(order, int.Parse(words[2], CultureInfo.InvariantCulture));
        int count = int.Parse(words[3], CultureInfo.InvariantCulture);
        return words[0] switch
        {
            "ping" => await Measure.OnceAsync(() => GatherAsync(_peers.Count, () => Publish(All, order))),
            "list" => await Measure.OnceAsync(() => GatherAsync(_peers.Count, () => SendToEach(order))),
            "trips" => await Measure.TripsAsync(count, number => GatherAsync(1, () => Publish(TopicOf(number), order))),
            "ingest" => await Measure.OnceAsync(() => GatherAsync(count * _peers.Count, () =>
            {
                for (int i = 0; i < count; i++)
                    Publish(All, order);
            })),
            _ => "what?",
        };
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private byte[] TopicOf(int number) => Convert.FromHexString(_peers.Keys.ElementAt(number % _peers.Count));

    private async Task GatherAsync(int answers, Action send)
    {
        _gathered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _missing, answers);
        await _loop.PostAsync(send);
        await _gathered.Task.WaitAsync(Measure.Patience);
    }

    private void Publish(byte[] topic, byte[] order) => _publisher.SendMoreFrame(topic).SendFrame(order);

    private void SendToEach(byte[] order)
    {
        foreach (byte[] id in _peers.Values)
            _router.SendMoreFrame(id).SendFrame(order);
    }

    private bool TakeSubscription()
    {
        byte[] change = _publisher.ReceiveFrameBytes();
        if (change.AsSpan(1).SequenceEqual(All))
            return true;
        // 1 for a subscription, 0 for its end.
        Interlocked.Add(ref _subscribed, change[0] == 1 ? 1 : -1);
        if (change[0] == 0)
            _peers.Remove(Convert.ToHexString(change.AsSpan(1)));
        return true;
    }

    private bool TakeAnswer()
    {
        List<byte[]>? frames = null;
        if (!_router.TryReceiveMultipartBytes(ref frames!, 2))
            return true;
        if (frames[1].Length == TopicId.Length)
        {
            _peers[Convert.ToHexString(frames[1])] = frames[0];
            _router.SendMoreFrame(frames[0]).SendFrame([1]);
        }
        else if (Interlocked.Decrement(ref _missing) == 0)
        {
            _gathered.TrySetResult();
        }

        return true;
    }
}
