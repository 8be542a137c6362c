// Measurements of Pantry: `Pantry.Bench <what>`. Run it in Release.
return args.FirstOrDefault() switch
{
    "fleet" => await Pantry.Bench.Fleet.FleetBench.RunAsync(args[1..]),
    "shell" => await Pantry.Bench.Fleet.ShellBench.RunAsync(args[1..]),
    "pieces" => Pantry.Bench.Fleet.PiecesBench.Run(args[1..]),
    "soak" => await Pantry.Bench.Fleet.SoakBench.RunAsync(args[1..]),
    "files" => await Pantry.Bench.Files.FilesBench.RunAsync(args[1..]),
    "gate" => await Pantry.Bench.GateBench.RunAsync(args[1..]),
    "import" => await Pantry.Bench.ImportBench.RunAsync(args[1..]),
    "register" => await Pantry.Bench.RegisterBench.RunAsync(args[1..]),
    "sealed" => await Pantry.Bench.SealedBench.RunAsync(args[1..]),
    "storage" => await Pantry.Bench.StorageBench.RunAsync(args[1..]),
    "order" => await Pantry.Bench.OrderBench.RunAsync(args[1..]),
    "serve" => await Pantry.Bench.ServeMode.RunAsync(args[1..]),
    "handshake" => Pantry.Bench.CurveBench.Run(args[1..]),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: Pantry.Bench gate [rounds]   what the gate costs against bare NetMQ");
    Console.Error.WriteLine("       Pantry.Bench fleet [--clients n] [--rounds r] [--reconnect]  a fleet that is played, against bare NetMQ");
    Console.Error.WriteLine("       Pantry.Bench fleet --profile ping|list|trips|ingest [--clients n] [--count c] [--seconds s]  one thing again and again, for a profiler");
    Console.Error.WriteLine("       Pantry.Bench shell [--clients n] [--rounds r]  a process on each of so many whole clients; bench/compare-ssh.sh has others beside it");
    Console.Error.WriteLine("       Pantry.Bench pieces [BenchmarkDotNet's options]  codec, seals, signatures, matcher, a registry of 100,000 clients");
    Console.Error.WriteLine("       Pantry.Bench files [--rounds r] [--large MiB] [--small MiB] [--clients n] [--window MiB] [--folder path]  files to one client and to many, against bare NetMQ; bench/compare-scp.sh has others beside it");
    Console.Error.WriteLine("       Pantry.Bench soak [--minutes m] [--clients n]  clients come and go: is the server's memory flat?");
    Console.Error.WriteLine("       Pantry.Bench import [rounds]  what importing the module costs against the engine alone");
    Console.Error.WriteLine("       Pantry.Bench handshake [rounds]  what CURVE costs: handshakes, and messages against the bare cipher");
    Console.Error.WriteLine("       Pantry.Bench register [clients] [rounds]  a fleet registers at once, against bare NetMQ with CURVE");
    Console.Error.WriteLine("       Pantry.Bench sealed [rounds]  round trips: an order with all security on, and echoes with and without");
    Console.Error.WriteLine("       Pantry.Bench storage [rounds]  what the audit log and the journal cost");
    Console.Error.WriteLine("       Pantry.Bench order [clients] [rounds]  an order to a whole fleet, until the last row");
    return 2;
}
