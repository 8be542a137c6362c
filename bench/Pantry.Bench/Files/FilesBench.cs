using System.Globalization;

namespace Pantry.Bench.Files;

/// <summary>
/// How fast files go: 1 GiB to one client and 64 MiB to each of 50, from the order to the row, beside bare NetMQ with messages of the same size, plain and with CURVE. Pantry reads,
/// compares, seals, opens, compares again, writes and puts on the disk; the floor does none of it. The sides are processes of their own.
/// </summary>
internal static class FilesBench
{
    private const int Chunk = 256 * 1024;
    private const int Mebibyte = 1024 * 1024;
    private const double BarOfPlain = 0.6;
    private const double BarOfCurve = 2;

    public static async Task<int> RunAsync(string[] args)
    {
        switch (args)
        {
            case ["floor", var kind]:
                return FilesFloor.Serve(kind == "curve");
            case ["server", var folder, var count, var most]:
                return await FilesFleet.ServeAsync(folder, int.Parse(count, CultureInfo.InvariantCulture), int.Parse(most, CultureInfo.InvariantCulture));
            case ["clients", var folder, var count]:
                return await FilesFleet.ClientsAsync(folder, int.Parse(count, CultureInfo.InvariantCulture));
            default:
                break;
        }

        int rounds = Option(args, "--rounds", 3), large = Option(args, "--large", 1024), small = Option(args, "--small", 64), clients = Option(args, "--clients", 50), window = Option(args, "--window", 8);
        string parent = Text(args, "--folder") ?? Path.GetTempPath();
        string root = Path.Combine(parent, $"pantry-files-{Guid.NewGuid():N}");
        Storage.OwnerOnly.EnsureDirectory(root);
        try
        {
            Print($"{Environment.ProcessorCount} cores, {rounds} rounds, files in {parent}; MB/s, medians");
            await MeasureAsync(root, "one", large, 1, rounds, window * Mebibyte);
            await MeasureAsync(root, "many", small, clients, rounds, window * Mebibyte);
            return 0;
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static async Task MeasureAsync(string root, string name, int mebibytes, int clients, int rounds, int window)
    {
        string folder = Path.Combine(root, name), source = Path.Combine(folder, "source");
        Directory.CreateDirectory(source);
        WriteRandom(Path.Combine(source, "file"), mebibytes);
        await using FilesChild plain = await FilesChild.StartAsync("floor", "plain");
        await using FilesChild curve = await FilesChild.StartAsync("floor", "curve");
        await using FilesChild server = await FilesChild.StartAsync("server", folder, $"{clients}", $"{window}");
        await using FilesChild peers = await FilesChild.StartAsync("clients", folder, $"{clients}");
        string[] tree = (await server.AskAsync($"take {source}")).Split(' ');
        double taken = mebibytes * (double)Mebibyte;
        int messages = (int)(taken / Chunk);
        var floors = (Plain: new List<double>(), Curve: new List<double>(), Pantry: new List<double>());
        for (int round = 0; round <= rounds; round++)
        {
            double bare = FilesFloor.Receive(Port(plain), curve: false, clients, messages, Chunk);
            double boxed = FilesFloor.Receive(Port(curve), curve: true, clients, messages, Chunk);
            double own = double.Parse(await server.AskAsync($"send {tree[0]} {clients}"), CultureInfo.InvariantCulture);
            if (round == 0)
                continue;
            floors.Plain.Add(taken * clients / bare / 1e6);
            floors.Curve.Add(taken * clients / boxed / 1e6);
            floors.Pantry.Add(taken * clients / own / 1e6);
        }

        (double ofPlain, double ofCurve, double ofPantry) = (Median(floors.Plain), Median(floors.Curve), Median(floors.Pantry));
        Print($"{mebibytes} MiB to {clients}: Pantry {ofPantry,7:0.0}   NetMQ {ofPlain,7:0.0} ({ofPantry / ofPlain:0.00})   NetMQ with CURVE {ofCurve,7:0.0} ({ofPantry / ofCurve:0.00}); {BarOfPlain:0.0} and {BarOfCurve:0.0}: {(ofPantry >= ofPlain * BarOfPlain && ofPantry >= ofCurve * BarOfCurve ? "MET" : "MISSED")}");
        Print($"   read and cut {taken / double.Parse(tree[2], CultureInfo.InvariantCulture) / 1e6:0} MB/s, into the store {taken / double.Parse(tree[3], CultureInfo.InvariantCulture) / 1e6:0} MB/s, {tree[1]} chunks; most memory: server {server.PeakMemory():0} MiB, clients {peers.PeakMemory():0} MiB");
    }

    private static int Port(FilesChild floor) => int.Parse(floor.Ready[1], CultureInfo.InvariantCulture);

    private static void WriteRandom(string path, int mebibytes)
    {
        byte[] bytes = new byte[Mebibyte];
        var random = new Random(7);
        using FileStream file = File.Create(path);
        for (int i = 0; i < mebibytes; i++)
        {
            random.NextBytes(bytes);
            file.Write(bytes);
        }
    }

    private static int Option(string[] args, string name, int usual) => Text(args, name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : usual;

    private static string? Text(string[] args, string name) => Array.IndexOf(args, name) is >= 0 and int at && at + 1 < args.Length ? args[at + 1] : null;

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
