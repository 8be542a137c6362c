using System.Buffers.Binary;
using Pantry.Security;
using Pantry.Transport.Gates;

namespace Pantry.Bench.Fleet;

/// <summary>A floor's client: a SUB and a DEALER that answer each order with as many bytes as it asks for.</summary>
internal sealed class FloorPeer(bool curve) : FleetPeer
{
    private readonly CurveKeyPair _key = CurveKeyPair.Generate();
    private readonly byte[] _topic = Guid.NewGuid().ToByteArray();

    protected override async Task EnterAsync(int publishPort, int receivePort, CancellationToken deadline)
    {
        (CurveKeyPair, PublicKey)? keys = curve ? (_key, FloorServer.Key) : null;
        ZmtpSocket dealer = Keep(await ZmtpSocket.ConnectAsync(receivePort, ZmtpSocketType.Dealer, ZmtpSocketType.Router, deadline, keys));
        ZmtpSocket subscriber = Keep(await ZmtpSocket.ConnectAsync(publishPort, ZmtpSocketType.Sub, ZmtpSocketType.Pub, deadline, keys));
        subscriber.Send([1, .. FloorServer.All]);
        subscriber.Send([1, .. _topic]);
        dealer.Send(_topic);
        await dealer.ReceiveAsync(deadline);
        Serve(subscriber, message => Answer(dealer, message[1]));
        Serve(dealer, message => Answer(dealer, message[0]));
    }

    private static void Answer(ZmtpSocket dealer, byte[] order)
    {
        byte[] answer = new byte[BinaryPrimitives.ReadInt32BigEndian(order)];
        dealer.Send(answer);
    }
}
