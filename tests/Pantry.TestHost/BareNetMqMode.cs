using NetMQ;
using NetMQ.Sockets;

namespace Pantry.TestHost;

/// <summary>
/// `bare-netmq`: a NetMQ ROUTER with nothing before it, so that a test can see what one foreign frame does to a process.
/// Prints its port, then the length of each message's last frame; ends when its input ends.
/// </summary>
internal static class BareNetMqMode
{
    public static int Run()
    {
        using var router = new RouterSocket();
        Console.WriteLine(router.BindRandomPort("tcp://127.0.0.1"));
        using var over = new CancellationTokenSource();
        var input = new Thread(() =>
        {
            _ = Console.In.ReadToEnd();
            over.Cancel();
        })
        { IsBackground = true };
        input.Start();
        while (!over.IsCancellationRequested)
        {
            NetMQMessage? message = null;
            if (router.TryReceiveMultipartMessage(TimeSpan.FromMilliseconds(50), ref message))
                Console.WriteLine(message!.Last.BufferSize);
        }

        return 0;
    }
}
