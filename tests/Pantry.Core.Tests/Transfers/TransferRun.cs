using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Faults;
using Pantry.Tests.Files;
using Pantry.Transport;

namespace Pantry.Tests.Transfers;

/// <summary>A server in a process of its own that has one large file, behind a proxy, and whoever fetches it.</summary>
internal sealed class TransferRun : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    private readonly SocketLoop _loop = SocketLoop.Start("clients", 4096, NullLogger.Instance);
    private readonly List<ClientAgent> _clients = [];
    private readonly FileTestFolder _folder;
    private readonly CancellationTokenSource _deadline = new(Patience);
    private readonly long _begun = Stopwatch.GetTimestamp();
    private readonly string[] _arguments;
    private readonly ContentHash _tree;
    private HostProcess _server;
    private double _memory;

    private TransferRun(string[] arguments, HostProcess server, RemoteFleet console, FaultProxy proxy, FileTestFolder folder, ContentHash tree) =>
        (_arguments, _server, Console, Proxy, _folder, _tree) = (arguments, server, console, proxy, folder, tree);

    public static PantryOptions Options { get; } = new() { ReturnGrace = TimeSpan.FromMinutes(2), ComeBackTime = TimeSpan.FromMinutes(2) };

    public RemoteFleet Console { get; }

    /// <summary>In front of the server's port of files, for clients.</summary>
    public FaultProxy Proxy { get; }

    public double Seconds => Stopwatch.GetElapsedTime(_begun).TotalSeconds;

    /// <summary>The most memory that a server has held, in MiB.</summary>
    public double ServerMemory => Math.Max(_memory, Peak(_server.Id));

    public static async Task<TransferRun> StartAsync(int mebibytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "What memory a process has held is read from /proc.");
        var folder = new FileTestFolder();
        Directory.CreateDirectory(folder.Source);
        await using (FileStream file = File.Create(Path.Combine(folder.Source, "large")))
        {
            for (int i = 0; i < mebibytes; i++)
                await file.WriteAsync(FileTestFolder.Random(1024 * 1024, i));
        }

        int[] ports = FixedPorts.Take(3);
        string[] arguments = ["server", folder["server"], .. ports.Select(port => port.ToString(CultureInfo.InvariantCulture)), folder["operator.json"]];
        HostProcess server = await HostProcess.StartAsync(Options, arguments);
        RemoteFleet console = await RemoteFleet.ConnectAsync(OperatorFile.Load(folder["operator.json"]), options: Options);
        using LocalTree tree = folder.Read();
        await console.Trees.SendAsync(tree, null, null, null, default);
        return new TransferRun(arguments, server, console, new FaultProxy(ports[2]), folder, tree.Tree.Digest);
    }

    /// <summary>The most memory that a process has held so far, in MiB.</summary>
    public static double Peak(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    /// <summary>A client in a process of its own; one that was killed comes back.</summary>
    public async Task<HostProcess> StartProcessAsync(string identity)
    {
        string file = _folder[$"{identity}.enrollment"];
        if (!File.Exists(file))
            EnrollmentFile.Save(file, await EnrolAsync(identity));
        return await HostProcess.StartAsync(Options, "client", file, _folder[$"home/{identity}"], Proxy.Port.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>A client in this process.</summary>
    public async Task AddAsync(string identity)
    {
        Enrollment enrollment = await EnrolAsync(identity);
        _clients.Add(await ClientAgent.StartAsync(
            new ClientConfiguration
            {
                Server = new ServerAddress(enrollment.Address, enrollment.PublishPort, enrollment.ReceivePort, FilePort: Proxy.Port),
                Labels = ClientLabels.Create(identity, null, null, null),
                Path = _folder[$"home/{identity}"],
                Enrollment = enrollment,
            }, loop: _loop, options: Options));
    }

    /// <summary>Has a client fetch the file.</summary>
    public Task<IJob> SendAsync(string client) => Console.StartJobAsync(
        new JobRequest
        {
            Target = Target.Clients([client]),
            Command = FileOrders.Receive,
            Format = BodyFormat.Json,
            Arguments = FileOrders.Write(new ReceiveFilesArguments(_tree.ToString(), TargetOf(client))),
            Timeout = Patience,
            ValidFor = Patience,
        }, _deadline.Token);

    /// <summary>Waits until so many bytes have gone to clients.</summary>
    public async Task PassedAsync(long bytes)
    {
        while (Proxy.ToClient.Passed < bytes)
            await Task.Delay(5, _deadline.Token);
    }

    public async Task KillServerAsync()
    {
        _memory = ServerMemory;
        await _server.KillAsync();
        await _server.DisposeAsync();
        _server = await HostProcess.StartAsync(Options, _arguments);
    }

    /// <summary>Each client has the file, byte for byte, and its row says so.</summary>
    public async Task AssertCompleteAsync(IReadOnlyList<IJob> jobs, IReadOnlyList<string> clients)
    {
        foreach (IJob job in jobs)
            TransferRig.Outcome(await job.ReadRowsAsync(_deadline.Token).SingleAsync(_deadline.Token));
        string expected = Hash(Path.Combine(_folder.Source, "large"));
        Assert.All(clients, client => Assert.Equal(expected, Hash(Path.Combine(TargetOf(client), "large"))));
        Assert.All(clients, client => Assert.Single(Directory.EnumerateFileSystemEntries(TargetOf(client))));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ClientAgent client in _clients)
            await client.DisposeAsync();
        await _loop.DisposeAsync();
        await Console.DisposeAsync();
        await _server.DisposeAsync();
        await Proxy.DisposeAsync();
        _folder.Dispose();
        _deadline.Dispose();
    }

    private Task<Enrollment> EnrolAsync(string identity) => Console.EnrolAsync(new Enrol(identity, null, null, [], 0), default);

    private string TargetOf(string client) => _folder[$"target/{client}"];

    private static string Hash(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(file));
    }
}
