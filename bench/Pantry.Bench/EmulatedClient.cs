using System.Net.Sockets;
using Pantry.Transport.Gates;

namespace Pantry.Bench;

/// <summary>A SUB and a DEALER as bare sockets with the least ZMTP that does: answers each order with one message.</summary>
internal sealed class EmulatedClient : IDisposable
{
    public static readonly byte[] Topic = [.. Enumerable.Range(1, 16).Select(value => (byte)value)];
    public static readonly byte[] Order = new byte[200];
    private const int OrderOnWire = 2 + 16 + 2 + 200;
    private static readonly byte[] Answer = [0, 200, .. new byte[200]];
    private readonly Socket _sub;
    private readonly Socket _dealer;

    private EmulatedClient(Socket sub, Socket dealer)
    {
        _sub = sub;
        _dealer = dealer;
    }

    public static async Task<EmulatedClient> ConnectAsync(int publishPort, int receivePort)
    {
        Socket sub = await RawZmtp.ConnectAsync(publishPort, ZmtpSocketType.Sub, ZmtpSocketType.Pub);
        Socket dealer = await RawZmtp.ConnectAsync(receivePort, ZmtpSocketType.Dealer, ZmtpSocketType.Router);
        var client = new EmulatedClient(sub, dealer);
        // A topic of its own last, as Pantry's clients have: when that is heard, all of it is.
        await sub.SendAsync((byte[])[0, 17, 1, .. Topic, 0, 17, 1, .. Guid.NewGuid().ToByteArray()]);
        await dealer.SendAsync((byte[])[0, 1, 7]);
        _ = client.AnswerAsync();
        return client;
    }

    public void Dispose()
    {
        _sub.Dispose();
        _dealer.Dispose();
    }

    private async Task AnswerAsync()
    {
        byte[] buffer = new byte[OrderOnWire];
        try
        {
            while (true)
            {
                int have = 0;
                while (have < OrderOnWire)
                {
                    int count = await _sub.ReceiveAsync(buffer.AsMemory(have), SocketFlags.None);
                    if (count == 0)
                        return;
                    have += count;
                }

                await _dealer.SendAsync(Answer, SocketFlags.None);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The bench is over.
        }
    }
}
