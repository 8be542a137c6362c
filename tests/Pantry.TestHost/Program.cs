// A process of its own for tests: `Pantry.TestHost <mode> [arguments]`.
return args.FirstOrDefault() switch
{
    "bare-netmq" => Pantry.TestHost.BareNetMqMode.Run(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: Pantry.TestHost <mode> [arguments]");
    return 2;
}
