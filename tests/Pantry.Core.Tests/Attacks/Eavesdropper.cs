using NetMQ;
using NetMQ.Sockets;
using Pantry.Protocol;

namespace Pantry.Tests.Attacks;

/// <summary>A subscriber without a key: hears whatever the publish port gives to who names a topic's id.</summary>
internal sealed class Eavesdropper : IDisposable
{
    private readonly SubscriberSocket _socket;

    public Eavesdropper(int publishPort) => _socket = new SubscriberSocket($"tcp://127.0.0.1:{publishPort}");

    public void Subscribe(IEnumerable<TopicGrant> grants)
    {
        foreach (TopicGrant grant in grants)
            _socket.Subscribe(grant.Id);
    }

    /// <summary>The next that was published; null where nothing comes in time.</summary>
    public (byte[] Topic, byte[] Frame)? TryHear(TimeSpan within)
    {
        var message = new NetMQMessage();
        return _socket.TryReceiveMultipartMessage(within, ref message!) ? (message[0].ToByteArray(), message[1].ToByteArray()) : null;
    }

    public void Dispose()
    {
        _socket.Options.Linger = TimeSpan.Zero;
        _socket.Dispose();
    }
}
