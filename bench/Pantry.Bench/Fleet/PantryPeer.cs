using Pantry.Client;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Targeting;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Bench.Fleet;

/// <summary>What clients of a fleet have in common, held once.</summary>
/// <param name="Server">The server's key.</param>
/// <param name="Network">Id of the fleet.</param>
/// <param name="Bundle">The operators.</param>
internal sealed record PeerTrust(PublicKey Server, string Network, TrustBundle Bundle)
{
    public PantryOptions Options { get; } = new();

    /// <summary>As a client of this machine reports them.</summary>
    public ClientFacts Facts { get; } = FactsCollector.Collect(
        new ClientConfiguration { Server = new ServerAddress("127.0.0.1", 1, 1), Labels = ClientLabels.Create("host", null, null, null), Path = "/" }, TimeProvider.System);

    private readonly Lock _lock = new();
    private (byte[] Signature, OrderVerdict Verdict) _newest = ([], OrderVerdict.Refused(OrderFault.Malformed, ""));

    /// <summary>
    /// Whether an order stands. In a fleet a thousand machines say so at the same time; here one machine plays them all, so
    /// the first says it for those that get the same bytes.
    /// </summary>
    public OrderVerdict Verify(byte[] statement, byte[] signature)
    {
        lock (_lock)
        {
            if (!signature.AsSpan().SequenceEqual(_newest.Signature))
                _newest = (signature, OrderCheck.Verify(new SignedOrder(statement, signature), Bundle, Network, DateTimeOffset.UtcNow, Options.ClockSkew, Options.Wire.MaxStatementBytes));
            return _newest.Verdict;
        }
    }
}

/// <summary>
/// A client with all of a client's security and none of its weight: its own key, handshake, session and stream keys; it
/// looks whether an order stands and is for it, and answers. No gate, loop, journal or directory, and it runs nothing but Ping.
/// </summary>
internal sealed class PantryPeer(CurveKeyPair key, ClientLabels labels, PeerTrust trust) : FleetPeer
{
    private readonly string _instance = Guid.NewGuid().ToString("N");
    private readonly SeenOrders _seen = new(1024);
    private ZmtpSocket? _dealer;
    private MessageChannel? _channel;
    private IReadOnlyList<TopicId> _topics = [];
    private long _orderNumber;

    public ClientLabels Labels => labels;

    /// <summary>Orders that were carried out.</summary>
    public int Done { get; private set; }

    /// <summary>Bytes of the newest published order, and of the newest result as it went over the wire.</summary>
    public (int Order, int Result) Sizes { get; private set; }

    public override void Beat()
    {
        if (!IsUp)
            return;
        try
        {
            Send(new Message(MessageKind.Heartbeat, new Heartbeat(0)));
        }
        catch (Exception gone) when (gone is System.Net.Sockets.SocketException or ObjectDisposedException)
        {
            // Whoever reads notices.
        }
    }

    protected override async Task EnterAsync(int publishPort, int receivePort, CancellationToken deadline)
    {
        ZmtpSocket dealer = Keep(await ZmtpSocket.ConnectAsync(receivePort, ZmtpSocketType.Dealer, ZmtpSocketType.Router, deadline));
        ZmtpSocket subscriber = Keep(await ZmtpSocket.ConnectAsync(publishPort, ZmtpSocketType.Sub, ZmtpSocketType.Pub, deadline));
        MessageChannel channel = Keep(await HandshakeAsync(dealer, deadline));
        (_dealer, _channel, _topics) = (dealer, channel, []);
        Send(new Message(MessageKind.Register, new Register(
            labels, _instance, PantryVersion.Current, null, trust.Bundle.Serial, ["Ping"], trust.Facts, DateTimeOffset.UtcNow), 1));

        Message? answer = null;
        while (answer is null)
        {
            Opened opened = channel.Open(await dealer.ReceiveAsync(deadline), Senders.Server);
            answer = opened.Fault == DecodeFault.None ? opened.Message : throw new InvalidOperationException($"The server's answer: {opened.Fault}.");
        }

        if (answer.Head is not Registered registered)
            throw new PantryException(PantryErrorCode.Refused, $"The server answered with {answer.Head}.");
        _orderNumber = registered.OrderNumber;
        StreamOpener opener = Keep(new StreamOpener(trust.Options.Wire, trust.Options.StreamKeyGrace, TimeProvider.System));
        Hear(subscriber, opener, registered.Topics);
        Serve(subscriber, message => TakePublished(opener, message));
        Serve(dealer, message => Take(subscriber, opener, channel.Open(message, Senders.Server)));
    }

    private async Task<MessageChannel> HandshakeAsync(ZmtpSocket dealer, CancellationToken deadline)
    {
        using var handshake = new CurveClientHandshake(key, trust.Server, SessionTerms.OfPeer(SessionRole.Client, null));
        dealer.Send(handshake.Hello());
        CurveClientStep step = handshake.Receive((await dealer.ReceiveAsync(deadline))[0]);
        if (step.Reply is null)
            throw new PantryException(PantryErrorCode.Refused, $"{step.Fault} {step.Reason}");
        dealer.Send(step.Reply);
        step = handshake.Receive((await dealer.ReceiveAsync(deadline))[0]);
        return step.Session is { } session ? new MessageChannel(session, trust.Options.Wire)
            : throw new PantryException(PantryErrorCode.Refused, $"{step.Fault} {step.Reason}");
    }

    private void Hear(ZmtpSocket subscriber, StreamOpener opener, IReadOnlyList<TopicGrant> grants)
    {
        opener.Replace(grants);
        TopicId[] topics = [.. grants.Select(grant => TopicId.FromBytes(grant.Id))];
        IReadOnlyList<TopicId> before = _topics;
        _topics = topics;
        subscriber.Send(() =>
            [.. before.Except(topics).Select(topic => (byte[][])[[0, .. topic.ToBytes()]]), .. topics.Except(before).Select(topic => (byte[][])[[1, .. topic.ToBytes()]])]);
    }

    private void TakePublished(StreamOpener opener, byte[][] message)
    {
        if (opener.Open(TopicId.FromBytes(message[0]), message[1]) is not { } frames
            || MessageCodec.TryDecode(frames, Senders.Server, trust.Options.Wire, out Message? opened, out _) != DecodeFault.None || opened?.Head is not Order order)
        {
            throw new InvalidOperationException("Something published could not be opened.");
        }

        Sizes = (message[1].Length, Sizes.Result);
        if (order.Number > Interlocked.Read(ref _orderNumber))
            TakeOrder(opened);
    }

    private void Take(ZmtpSocket subscriber, StreamOpener opener, Opened opened)
    {
        if (opened.Fault != DecodeFault.None)
            throw new InvalidOperationException($"The server's message: {opened.Fault}.");
        switch (opened.Message?.Head)
        {
            case Order:
                TakeOrder(opened.Message);
                break;
            case TopicsChanged changed:
                Hear(subscriber, opener, changed.Topics);
                break;
            case Leave:
                throw new EndOfStreamException("The server has said goodbye.");
            default:
                break;
        }
    }

    private void TakeOrder(Message message)
    {
        var order = message.HeadAs<Order>();
        if (!OrderGuard.IsTurn(order, labels.Identity))
            return;
        OrderVerdict verdict = trust.Verify(message.Body(Order.StatementBody), order.Signature);
        if (!verdict.Stands || !OrderCheck.ArgumentsMatch(verdict.Statement, verdict.Statement.Format, message.Body(Order.ArgumentsBody))
            || !OrderCheck.IsFor(verdict.Statement, [.. message.Bodies.Skip(Order.FirstListBody)], labels, verdict.Operator!.Scopes, message.Body(Order.ArgumentsBody)).Stands || !_seen.TryAdd(order.Job))
        {
            return;
        }

        // Ping may be done twice and is done at once: its result stands for the acknowledgement too.
        int sent = Send(new Message(MessageKind.Result, new Result(order.Job, CommandStatus.Succeeded, null, null, BodyFormat.None, null, false, DateTimeOffset.UtcNow, TimeSpan.Zero)));
        Sizes = (Sizes.Order, sent);
        Done++;
    }

    private int Send(Message message)
    {
        int bytes = 0;
        _dealer!.Send(() => [.. _channel!.Cut(message).Select(piece =>
        {
            byte[][] frames = _channel.Seal(piece) ?? throw new ObjectDisposedException(nameof(MessageChannel));
            bytes += frames.Sum(frame => frame.Length);
            return frames;
        })]);
        return bytes;
    }
}
