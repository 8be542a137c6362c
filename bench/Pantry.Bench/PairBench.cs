using System.Diagnostics;
using NetMQ;

namespace Pantry.Bench;

/// <summary>What one DEALER and one ROUTER can do.</summary>
internal static class PairBench
{
    private const int MessageBytes = 250_000;
    private const int Messages = 800;
    private const int RoundTrips = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Megabytes a second.</summary>
    public static double Throughput(PairLink link)
    {
        byte[] body = new byte[MessageBytes];
        var sender = Task.Factory.StartNew(
            () =>
            {
                for (int sent = 0; sent < Messages; sent++)
                    Must(link.Dealer.TrySendFrame(Patience, body));
            },
            TaskCreationOptions.LongRunning);
        long start = Stopwatch.GetTimestamp();
        var message = new Msg();
        message.InitEmpty();
        for (int received = 0; received < Messages * link.Frames; received++)
            Must(link.Router.TryReceive(ref message, Patience));
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        message.Close();
        sender.Wait(Patience);
        return MessageBytes * (double)Messages / took.TotalSeconds / 1e6;
    }

    /// <summary>Median of round trips, in microseconds.</summary>
    public static double RoundTrip(PairLink link)
    {
        byte[] body = new byte[256];
        using var stop = new CancellationTokenSource();
        var echo = Task.Factory.StartNew(
            () =>
            {
                for (int answered = 0; answered < RoundTrips; answered++)
                {
                    for (int frame = 1; frame < link.Frames; frame++)
                    {
                        Must(link.Router.TryReceiveFrameBytes(Patience, out byte[]? envelope));
                        link.Router.SendMoreFrame(envelope!);
                    }

                    Must(link.Router.TryReceiveFrameBytes(Patience, out byte[]? question));
                    link.Router.SendFrame(question!);
                }
            },
            TaskCreationOptions.LongRunning);
        var took = new List<double>(RoundTrips);
        for (int trip = 0; trip < RoundTrips; trip++)
        {
            long start = Stopwatch.GetTimestamp();
            Must(link.Dealer.TrySendFrame(Patience, body));
            Must(link.Dealer.TryReceiveFrameBytes(Patience, out _));
            took.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        echo.Wait(Patience);
        took.Sort();
        return took[took.Count / 2];
    }

    private static void Must(bool done)
    {
        if (!done)
            throw new TimeoutException("A message did not pass in time.");
    }
}
