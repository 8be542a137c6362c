using System.Diagnostics;
using System.Globalization;
using NaCl;
using Pantry.Security;
using Pantry.Sessions.Curve;

namespace Pantry.Bench;

/// <summary>
/// What a CURVE handshake costs each side, and what sealed messages cost against the bare cipher. Processor time, so
/// that other work on the machine counts little.
/// </summary>
internal static class CurveBench
{
    private const int Batch = 300;
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(1);
    private static readonly byte[] Binding = new byte[8];
    private static readonly CurveMetadata Metadata = CurveMetadata.Of(("Socket-Type", "DEALER"), ("Identity", ""));

    public static int Run(string[] args)
    {
        int rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5;
        using var serverPair = CurveKeyPair.Generate();
        using var clientPair = CurveKeyPair.Generate();
        using var server = new CurveServer(serverPair);

        _ = Costs(server, serverPair, clientPair);
        var costs = Enumerable.Range(0, rounds).Select(_ => Costs(server, serverPair, clientPair)).ToArray();
        double ofClient = Median(costs.Select(cost => cost.Client));
        double ofServer = Median(costs.Select(cost => cost.Server));
        Print($"{Environment.ProcessorCount} cores, {rounds} rounds of {Batch} handshakes; medians");
        Print($"client           {ofClient,8:0.000} ms of processor a handshake  {1000 / ofClient,8:0} a second and core");
        Print($"server           {ofServer,8:0.000} ms of processor a handshake  {1000 / ofServer,8:0} a second and core");
        Print($"cookie           {1000 * Median(Enumerable.Range(0, rounds).Select(_ => Cookie(server, serverPair, clientPair, forged: false))),8:0.0} us of processor, good; {1000 * Median(Enumerable.Range(0, rounds).Select(_ => Cookie(server, serverPair, clientPair, forged: true))):0.0} us forged");
        Print($"both, one thread {Rate(server, serverPair, clientPair, 1),8:0} handshakes a second");
        Print($"both, all cores  {Rate(server, serverPair, clientPair, Environment.ProcessorCount),8:0} handshakes a second");
        Print($"{"",-16} {"bytes",8} {"messages/s",12} {"MB/s",8} {"of bare",8}");
        foreach (int size in (int[])[256, 48 * 1024])
            Messages(size, rounds);
        return 0;
    }

    private static (double Client, double Server) Costs(CurveServer server, CurveKeyPair serverPair, CurveKeyPair clientPair)
    {
        var clients = new CurveClientHandshake[Batch];
        byte[][] commands = new byte[Batch][];
        double ofClient = Processor(i =>
        {
            clients[i] = new CurveClientHandshake(clientPair, serverPair.PublicKey, Metadata);
            commands[i] = clients[i].Hello();
        });
        double ofServer = Processor(i => commands[i] = server.Hello(commands[i], Binding).Welcome!);
        ofClient += Processor(i => commands[i] = clients[i].Receive(commands[i]).Reply!);
        ofServer += Processor(i =>
        {
            (commands[i], CurveSession session) = server.Initiate(commands[i], Binding).Pending!.Accept(Metadata);
            session.Dispose();
        });
        ofClient += Processor(i => clients[i].Receive(commands[i]).Session!.Dispose());
        return (ofClient, ofServer);
    }

    /// <summary>What it costs to look at an INITIATE before it may stand in line.</summary>
    private static double Cookie(CurveServer server, CurveKeyPair serverPair, CurveKeyPair clientPair, bool forged)
    {
        const int Looks = 100;
        using var client = new CurveClientHandshake(clientPair, serverPair.PublicKey, Metadata);
        byte[] initiate = client.Receive(server.Hello(client.Hello(), Binding).Welcome!).Reply!;
        if (forged)
            initiate[CurveCommands.InitiateCookie + CurveBox.LongNonceLength] ^= 1;
        return Processor(_ =>
        {
            for (int i = 0; i < Looks; i++)
            {
                if (server.HasGoodCookie(initiate, Binding) == forged)
                    throw new InvalidOperationException("The cookie is not what it should be.");
            }
        }) / Looks;
    }

    private static double Processor(Action<int> work)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        for (int i = 0; i < Batch; i++)
            work(i);
        return (Environment.CpuUsage.TotalTime - before).TotalMilliseconds / Batch;
    }

    /// <summary>Whole handshakes a second of wall-clock time.</summary>
    private static double Rate(CurveServer server, CurveKeyPair serverPair, CurveKeyPair clientPair, int threads)
    {
        long done = 0;
        long start = Stopwatch.GetTimestamp();
        Thread[] all = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            while (Stopwatch.GetElapsedTime(start) < 3 * Span)
            {
                using var client = new CurveClientHandshake(clientPair, serverPair.PublicKey, Metadata);
                byte[] initiate = client.Receive(server.Hello(client.Hello(), Binding).Welcome!).Reply!;
                (byte[] ready, CurveSession session) = server.Initiate(initiate, Binding).Pending!.Accept(Metadata);
                session.Dispose();
                client.Receive(ready).Session!.Dispose();
                Interlocked.Increment(ref done);
            }
        }))];
        foreach (Thread thread in all)
            thread.Start();
        foreach (Thread thread in all)
            thread.Join();
        return done / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Seal and open of a message, against encrypting and decrypting into buffers that are there already.</summary>
    private static void Messages(int size, int rounds)
    {
        byte[] key = new byte[XSalsa20Poly1305.KeyLength];
        byte[] nonce = new byte[XSalsa20Poly1305.NonceLength];
        byte[] data = new byte[size];
        byte[] box = new byte[size + XSalsa20Poly1305.TagLength];
        using var cipher = new XSalsa20Poly1305(key);
        using var sending = new CurveSession(key, isServer: false, 1, 1);
        using var receiving = new CurveSession(key, isServer: true, 1, 1);
        void Bare()
        {
            cipher.Encrypt(box, data, nonce);
            if (!cipher.TryDecrypt(data, box, nonce))
                throw new InvalidOperationException("The box did not open.");
        }

        void Sealed()
        {
            if (receiving.Open(sending.Seal(data, more: false), out _, out _) != CurveFault.None)
                throw new InvalidOperationException("The message did not open.");
        }

        _ = PerSecond(Bare);
        _ = PerSecond(Sealed);
        var bare = new List<double>();
        var whole = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            bare.Add(PerSecond(Bare));
            whole.Add(PerSecond(Sealed));
        }

        PrintMessages("bare cipher", size, Median(bare), Median(bare));
        PrintMessages("seal and open", size, Median(whole), Median(bare));
    }

    private static double PerSecond(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan before = Environment.CpuUsage.TotalTime;
        int done = 0;
        while (Stopwatch.GetElapsedTime(start) < Span)
        {
            for (int i = 0; i < 20; i++)
                work();
            done += 20;
        }

        return done / (Environment.CpuUsage.TotalTime - before).TotalSeconds;
    }

    private static void PrintMessages(string what, int size, double rate, double bare) =>
        Print($"{what,-16} {size,8} {rate,12:0} {rate * size / 1e6,8:0.0} {rate / bare,8:0.00}");

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
