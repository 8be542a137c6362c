using System.Net;
using System.Net.Sockets;

namespace Pantry.Daemon.Tests;

/// <summary>A server and its clients, each a process of its own, with directories and ports that outlive them.</summary>
internal sealed class DaemonFleet : IAsyncDisposable
{
    private readonly List<PantryProcess> _processes = [];
    private readonly int[] _ports = FreePorts(3);

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("pantry-daemon-").FullName;

    public string Root => Path.Combine(Directory, "server");

    public string ServerConfig => Path.Combine(Directory, "server.yaml");

    /// <summary>The file by which programs on the server's machine come in.</summary>
    public string Console => Path.Combine(Root, "keys", "console.operator");

    public int ReceivePort => _ports[1];

    public void WriteServerConfig(string more = "") => File.WriteAllText(ServerConfig, $"""
        root_dir: {Root}
        networking:
          server_host: 127.0.0.1
          pub_sub_port: {_ports[0]}
          receive_port: {_ports[1]}
          file_service_port: {_ports[2]}
        {more}
        """);

    public async Task<PantryProcess> StartServerAsync(IReadOnlyDictionary<string, string>? environment = null, params string[] more)
    {
        if (!File.Exists(ServerConfig))
            WriteServerConfig();
        PantryProcess server = Kept(PantryProcess.Start(environment, ["server", "--config", ServerConfig, .. more]));
        await server.SaysAsync("The server runs");
        return server;
    }

    /// <summary>Starts a client that was enrolled, without waiting for anything.</summary>
    public PantryProcess StartClient(string identity, IReadOnlyDictionary<string, string>? environment = null) =>
        Kept(PantryProcess.Start(environment, "client", "--config", ClientConfig(identity), "--path", Home(identity)));

    /// <summary>Starts a client that was enrolled, and waits until it is let in.</summary>
    public async Task<PantryProcess> StartClientAsync(string identity, IReadOnlyDictionary<string, string>? environment = null)
    {
        PantryProcess client = StartClient(identity, environment);
        await client.SaysAsync("is Approved at");
        return client;
    }

    /// <summary>Lets a client in by an enrolment's file.</summary>
    public async Task EnrollAsync(string identity, string application = "shop", string environment = "production")
    {
        string file = Path.Combine(Directory, $"{identity}.enrollment");
        (await OperateAsync("enroll", identity, "--application", application, "--environment", environment, "--out-file", file)).Ends(ExitCode.Success);
        (await PantryProcess.RunAsync("client", "enroll", "--file", file, "--config", ClientConfig(identity), "--path", Home(identity))).Ends(ExitCode.Success);
    }

    /// <summary>Runs the program as the operator of the server's own machine.</summary>
    public Task<PantryRun> OperateAsync(params string[] arguments) => PantryProcess.RunAsync(Operating(arguments));

    /// <summary>The same with something on its standard input.</summary>
    public Task<PantryRun> OperateWithAsync(string input, params string[] arguments) => PantryProcess.RunWithAsync(input, null, Operating(arguments));

    /// <summary>Starts the program as that operator.</summary>
    public PantryProcess StartOperating(params string[] arguments) => Kept(PantryProcess.Start(Operating(arguments)));

    public string Home(string identity) => Path.Combine(Directory, identity);

    public string ClientConfig(string identity) => Path.Combine(Directory, $"{identity}.yaml");

    public async ValueTask DisposeAsync()
    {
        foreach (PantryProcess process in _processes)
            await process.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    // What is behind -- is the clients'.
    private string[] Operating(string[] arguments) => [arguments[0], "--operator-file", Console, .. arguments[1..]];

    private PantryProcess Kept(PantryProcess process)
    {
        _processes.Add(process);
        return process;
    }

    // Below the range from which the system takes ports for outgoing connections, so that they can be bound again.
    public static int[] FreePorts(int count)
    {
        var found = new List<int>();
        for (int port = Random.Shared.Next(20_000, 31_000); found.Count < count; port++)
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                found.Add(port);
            }
            catch (SocketException)
            {
                // Taken: the next one.
            }
        }

        return [.. found];
    }
}
