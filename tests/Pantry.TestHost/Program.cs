// A process of its own for tests: `Pantry.TestHost <mode> [arguments]`.
using Pantry.TestHost;

return args.FirstOrDefault() switch
{
    "server" => await ServerMode.RunAsync(args[1..]),
    "client" => await ClientMode.RunAsync(args[1..]),
    "storage" => await StorageMode.RunAsync(args[1..]),
    "bare-netmq" => BareNetMqMode.Run(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: Pantry.TestHost <mode> [arguments]");
    return 2;
}
