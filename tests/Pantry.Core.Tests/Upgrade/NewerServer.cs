using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Tests.EndToEnd;
using Pantry.Transport;

namespace Pantry.Tests.Upgrade;

/// <summary>
/// A server for one peer whose protocol is a minor version ahead: all it says has properties that nobody here knows, and before each answer comes a message
/// of a kind that nobody here knows. It shakes hands once: a peer that gives the link up does not get in again.
/// </summary>
internal sealed class NewerServer : IAsyncDisposable
{
    public const string Network = "newer";
    public static readonly string Version = $"{ProtocolVersion.Major}.{ProtocolVersion.Minor + 1}";

    private readonly CurveKeyPair _key = CurveKeyPair.Generate();
    private readonly CurveServer _curve;
    private readonly RouterSocket _router = new();
    private readonly PublisherSocket _publisher = new();
    private readonly Func<Message, (MessageKind Kind, object Head)[]> _answer;
    private readonly ConcurrentQueue<MessageKind> _heard = new();
    private readonly CancellationTokenSource _over = new();
    private readonly Task _serving;
    private MessageChannel? _channel;

    /// <param name="answer">What is said to a message; the first is its answer.</param>
    public NewerServer(Func<Message, (MessageKind Kind, object Head)[]> answer)
    {
        _answer = answer;
        _curve = new CurveServer(_key);
        Address = new ServerAddress("127.0.0.1", _publisher.BindRandomPort("tcp://127.0.0.1"), _router.BindRandomPort("tcp://127.0.0.1"));
        _serving = Task.Run(Serve);
    }

    public ServerAddress Address { get; }

    public PublicKey Key => _key.PublicKey;

    /// <summary>Kinds of the messages that came, in their order.</summary>
    public IReadOnlyCollection<MessageKind> Heard => _heard;

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _serving.WaitAsync(Fleet.Deadline);
        _router.Dispose();
        _publisher.Dispose();
        _channel?.Dispose();
        _curve.Dispose();
        _key.Dispose();
        _over.Dispose();
    }

    private void Serve()
    {
        while (!_over.IsCancellationRequested)
        {
            var request = new NetMQMessage();
            if (!_router.TryReceiveMultipartMessage(TimeSpan.FromMilliseconds(20), ref request))
                continue;
            byte[][] frames = [.. request.Select(frame => frame.ToByteArray())];
            if (_channel is null)
                ShakeHands(frames[0], frames[1]);
            else if (_channel.Open(frames[1..], Senders.Peers).Message is { } message)
                Answer(frames[0], message);
        }
    }

    private void ShakeHands(byte[] peer, byte[] command)
    {
        if (_curve.Hello(command, peer).Welcome is { } welcome)
        {
            Send(peer, welcome);
            return;
        }

        using CurvePendingSession pending = _curve.Initiate(command, peer).Pending!;
        (byte[] ready, CurveSession session) = pending.Accept(CurveMetadata.Of(
            ("Socket-Type", "ROUTER"), ("Identity", ""), (SessionTerms.Version, Version), (SessionTerms.Network, Network), ("Pantry-Novelty", "x")));
        _channel = new MessageChannel(session, new WireLimits());
        Send(peer, ready);
    }

    private void Answer(byte[] peer, Message message)
    {
        _heard.Enqueue(message.Kind);
        foreach ((int place, (MessageKind kind, object head)) in _answer(message).Index())
        {
            Send(peer, _channel!.Seal([Header((MessageKind)250, 0), Fleet.Json(new { whatever = 1 }), [1, 2, 3]])!);
            JsonNode known = JsonSerializer.SerializeToNode(head, WireJson.HeadOf(kind)!)!;
            Send(peer, _channel.Seal([Header(kind, place == 0 ? message.Correlation : 0), Fleet.Json(WithNovelty(known))])!);
        }
    }

    private void Send(byte[] peer, params byte[][] frames) => _router.SendMultipartMessage(new NetMQMessage([peer, .. frames]));

    private static byte[] Header(MessageKind kind, ulong correlation) =>
        new MessageHeader(ProtocolVersion.Major, (byte)(ProtocolVersion.Minor + 1), kind, correlation).ToBytes();

    private static JsonNode WithNovelty(JsonNode node)
    {
        JsonNode?[] inner = node switch
        {
            JsonObject properties => [.. properties.Select(property => property.Value)],
            JsonArray items => [.. items],
            _ => [],
        };
        foreach (JsonNode part in inner.OfType<JsonNode>())
            WithNovelty(part);
        if (node is JsonObject changed)
            changed["novelty"] = new JsonObject { ["a"] = new JsonArray(1, 2) };
        return node;
    }
}
