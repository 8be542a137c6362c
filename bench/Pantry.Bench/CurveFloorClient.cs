using NetMQ;
using NetMQ.Sockets;
using Pantry.Transport;

namespace Pantry.Bench;

/// <summary>The floor's client: a SUB and a DEALER, each with NetMQ's CURVE and nothing else.</summary>
internal sealed class CurveFloorClient
{
    private readonly NetMQCertificate _certificate = new();
    private readonly byte[] _topic = Guid.NewGuid().ToByteArray();
    private SubscriberSocket? _subscriber;
    private DealerSocket? _dealer;
    private TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Connects; ends when the server has answered.</summary>
    public async Task ConnectAsync(SocketLoop loop, int publishPort, int receivePort)
    {
        _answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await loop.PostAsync(() => Connect(loop, publishPort, receivePort));
        await _answered.Task;
    }

    /// <summary>Says goodbye, so that the server counts right, and closes the sockets.</summary>
    public async Task CloseAsync(SocketLoop loop)
    {
        _answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await loop.PostAsync(() => _dealer!.SendFrame([0]));
        await _answered.Task;
        await loop.PostAsync(() =>
        {
            loop.RemoveAndDispose(_subscriber!);
            loop.RemoveAndDispose(_dealer!);
        });
    }

    private void Connect(SocketLoop loop, int publishPort, int receivePort)
    {
        (_subscriber, _dealer) = (new SubscriberSocket(), new DealerSocket());
        foreach (NetMQSocket socket in (NetMQSocket[])[_subscriber, _dealer])
        {
            socket.Options.CurveServerCertificate = CurveFloorServer.Certificate;
            socket.Options.CurveCertificate = _certificate;
        }

        _subscriber.Subscribe(_topic);
        _subscriber.Connect($"tcp://127.0.0.1:{publishPort}");
        _dealer.Connect($"tcp://127.0.0.1:{receivePort}");
        loop.Add(_dealer, () =>
        {
            _dealer.SkipFrame();
            _answered.TrySetResult();
            return true;
        });
        _dealer.SendFrame([1]);
    }
}
