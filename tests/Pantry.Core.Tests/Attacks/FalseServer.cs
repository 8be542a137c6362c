using System.Collections.Concurrent;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Transport;

namespace Pantry.Tests.Attacks;

/// <summary>Speaks as a server, with whatever key it was given, and answers what the test wants.</summary>
internal sealed class FalseServer : IAsyncDisposable
{
    private readonly CurveKeyPair _key;
    private readonly string _network;
    private readonly Func<Message, Message?> _answer;
    private readonly RouterSocket _router = new();
    private readonly XPublisherSocket _publisher = new();
    private readonly CancellationTokenSource _over = new();
    private readonly Dictionary<string, MessageChannel> _sessions = [];
    private readonly Task _working;
    private int _refused;

    /// <param name="key">The server's key; this owns it.</param>
    /// <param name="network">Id of the fleet.</param>
    /// <param name="answer">What is answered to each message.</param>
    /// <param name="refused">How many handshakes are refused before the first one that is not.</param>
    public FalseServer(CurveKeyPair key, string network, Func<Message, Message?> answer, int refused = 0)
    {
        _refused = refused;
        _key = key;
        _network = network;
        _answer = answer;
        Address = new ServerAddress("127.0.0.1", _publisher.BindRandomPort("tcp://127.0.0.1"), _router.BindRandomPort("tcp://127.0.0.1"));
        _working = Task.Factory.StartNew(Work, TaskCreationOptions.LongRunning);
    }

    public ServerAddress Address { get; }

    public PublicKey PublicKey => _key.PublicKey;

    /// <summary>All that was said in sessions.</summary>
    public ConcurrentQueue<Message> Heard { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _working;
        _router.Dispose();
        _publisher.Dispose();
        _key.Dispose();
        _over.Dispose();
    }

    private void Work()
    {
        using var curve = new CurveServer(_key);
        while (!_over.IsCancellationRequested)
        {
            var received = new NetMQMessage();
            if (_router.TryReceiveMultipartMessage(TimeSpan.FromMilliseconds(20), ref received!))
                Take(curve, received[0].ToByteArray(), [.. received.Skip(1).Select(frame => frame.ToByteArray())]);
        }
    }

    private void Take(CurveServer curve, byte[] peer, byte[][] frames)
    {
        string name = Convert.ToHexString(peer);
        if (CurveCommands.IsHello(frames[0]))
        {
            byte[]? welcome = _refused-- > 0 ? null : curve.Hello(frames[0], peer).Welcome;
            Send(peer, [welcome ?? CurveServer.Error("no")]);
        }
        else if (CurveCommands.IsInitiate(frames[0]))
        {
            using CurvePendingSession pending = curve.Initiate(frames[0], peer).Pending!;
            (byte[] ready, CurveSession session) = pending.Accept(SessionTerms.OfServer(_network));
            _sessions[name] = new MessageChannel(session, new WireLimits());
            Send(peer, [ready]);
        }
        else if (_sessions[name].Open(frames, Senders.Peers).Message is { } message)
        {
            Heard.Enqueue(message);
            if (_answer(message) is not { } answer)
                return;
            foreach (byte[][] piece in _sessions[name].Cut(answer with { Correlation = message.Correlation }))
                Send(peer, _sessions[name].Seal(piece)!);
        }
    }

    private void Send(byte[] peer, byte[][] frames) => _router.SendMultipartMessage(new NetMQMessage([peer, .. frames]));
}
