using System.Diagnostics;
using System.Globalization;
using NetMQ;
using NetMQ.Sockets;

namespace Pantry.Bench.Files;

/// <summary>
/// The floor: bare NetMQ sockets, plain or with NetMQ's CURVE, that send messages of a chunk's size as fast as they go. Nothing is read from a disk, compared or
/// written.
/// </summary>
internal static class FilesFloor
{
    // As many as may wait for one peer: what the window is for Pantry.
    private const int Waiting = 32;

    /// <summary>`files floor plain|curve`: sends to whoever asks, as much as it asks for.</summary>
    public static int Serve(bool curve)
    {
        using var router = new RouterSocket();
        router.Options.SendHighWatermark = Waiting;
        router.Options.RouterMandatory = true;
        if (curve)
        {
            router.Options.CurveServer = true;
            router.Options.CurveCertificate = CurveFloorServer.Certificate;
        }

        int port = router.BindRandomPort("tcp://127.0.0.1");
        using var over = new CancellationTokenSource();
        var input = new Thread(() =>
        {
            while (Console.In.ReadLine() is { } line && line != "stop")
                continue;
            over.Cancel();
        })
        { IsBackground = true };
        Console.WriteLine($"ready {port}");
        input.Start();
        while (!over.IsCancellationRequested)
            SendAsked(router, over.Token);
        return 0;
    }

    /// <summary>Receives from the floor with so many peers at once; seconds.</summary>
    public static double Receive(int port, bool curve, int peers, int messages, int size)
    {
        DealerSocket[] sockets = [.. Enumerable.Range(0, peers).Select(_ => Dial(port, curve))];
        try
        {
            long start = Stopwatch.GetTimestamp();
            foreach (DealerSocket socket in sockets)
                socket.SendFrame($"{messages} {size}");
            int[] left = [.. Enumerable.Repeat(messages, peers)];
            // One thread for all, as one process of a fleet has.
            using var poller = new NetMQPoller();
            int open = peers;
            for (int i = 0; i < peers; i++)
            {
                int peer = i;
                var message = new Msg();
                message.InitEmpty();
                sockets[i].ReceiveReady += (_, ready) =>
                {
                    while (left[peer] > 0 && ready.Socket.TryReceive(ref message, TimeSpan.Zero))
                        left[peer]--;
                    if (left[peer] == 0 && --open == 0)
                        poller.Stop();
                    if (left[peer] == 0)
                        left[peer] = -1;
                };
                poller.Add(sockets[i]);
            }

            poller.Run();
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        finally
        {
            foreach (DealerSocket socket in sockets)
                socket.Dispose();
        }
    }

    private static DealerSocket Dial(int port, bool curve)
    {
        var dealer = new DealerSocket();
        dealer.Options.ReceiveHighWatermark = Waiting;
        if (curve)
        {
            dealer.Options.CurveServerCertificate = CurveFloorServer.Certificate;
            dealer.Options.CurveCertificate = new NetMQCertificate();
        }

        dealer.Connect(string.Create(CultureInfo.InvariantCulture, $"tcp://127.0.0.1:{port}"));
        return dealer;
    }

    private static void SendAsked(RouterSocket router, CancellationToken over)
    {
        var asked = new List<(byte[] Peer, int Left)>();
        int size = 0;
        TimeSpan wait = TimeSpan.FromMilliseconds(50);
        byte[] chunk = [];
        while (!over.IsCancellationRequested)
        {
            List<byte[]> frames = null!;
            while (router.TryReceiveMultipartBytes(asked.Count == 0 ? wait : TimeSpan.Zero, ref frames!, 2))
            {
                string[] words = System.Text.Encoding.ASCII.GetString(frames[1]).Split(' ');
                asked.Add((frames[0], int.Parse(words[0], CultureInfo.InvariantCulture)));
                size = int.Parse(words[1], CultureInfo.InvariantCulture);
                if (chunk.Length != size)
                    chunk = new byte[size];
            }

            if (asked.Count == 0)
                return;
            bool any = false;
            for (int i = asked.Count - 1; i >= 0; i--)
            {
                if (!router.TrySendFrame(asked[i].Peer, true))
                    continue;
                router.SendFrame(chunk);
                any = true;
                asked[i] = (asked[i].Peer, asked[i].Left - 1);
                if (asked[i].Left == 0)
                    asked.RemoveAt(i);
            }

            if (!any)
                Thread.Yield();
        }
    }
}
