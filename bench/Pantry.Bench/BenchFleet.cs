using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Bench;

/// <summary>
/// Many real clients in this process for a server in another, their keys approved beforehand. They share a few socket
/// loops, for a loop looks at all its sockets at every turn. All lies in memory, where the machine has such a place.
/// </summary>
internal sealed class BenchFleet : IAsyncDisposable
{
    private const int ClientsOfLoop = 25;
    private const string Memory = "/dev/shm";

    private readonly string _root;
    private readonly ClientTrust[] _trusts;
    private readonly SocketLoop[] _loops;
    private readonly List<ClientAgent> _agents = [];

    private BenchFleet(string root, ClientTrust[] trusts, OperatorCredentials console, SocketLoop[] loops)
    {
        Operator = console;
        _root = root;
        _trusts = trusts;
        _loops = loops;
    }

    /// <summary>Nothing of a client gives up early: what is slow shows in the time.</summary>
    public static PantryOptions Options { get; } = new() { ConnectTimeout = TimeSpan.FromMinutes(2), OutputDrain = TimeSpan.FromSeconds(30) };

    public string ServerRoot => Path.Combine(_root, "server");

    /// <summary>An operator who may order everything; the port is another one with each server process.</summary>
    public OperatorCredentials Operator { get; }

    public int Count => _trusts.Length;

    public IReadOnlyList<ClientAgent> Agents => _agents;

    /// <summary>A directory in memory where there is one.</summary>
    public static string NewDirectory(bool inMemory = true) => inMemory && Directory.Exists(Memory)
        ? Directory.CreateDirectory(Path.Combine(Memory, $"pantry-bench-{Guid.NewGuid():N}")).FullName
        : Directory.CreateTempSubdirectory("pantry-bench-").FullName;

    public static SocketLoop[] StartLoops(int clients) =>
        [.. Enumerable.Range(0, (clients + ClientsOfLoop - 1) / ClientsOfLoop).Select(number => SocketLoop.Start($"bench {number}", 4096, NullLogger.Instance))];

    /// <summary>Makes a server's root, and clients' homes whose keys it has approved.</summary>
    public static async Task<BenchFleet> PrepareAsync(int clients, bool inMemory = true)
    {
        string root = NewDirectory(inMemory);
        var trusts = new ClientTrust[clients];
        OperatorCredentials console;
        await using (ServerHost host = await ServerHost.StartAsync(
            new ServerConfiguration { PublishPort = 0, ReceivePort = 0, FilePort = 0, Path = Path.Combine(root, "server") }))
        {
            console = await NewConsole.AddAsync(host);
            for (int i = 0; i < clients; i++)
            {
                ClientLabels labels = ClientLabels.Create($"host{i:0000}", "shop", "test", ["web"]);
                Enrollment enrollment = await host.Fleet.EnrolAsync(new Enrol(labels.Identity, labels.Application, labels.Environment, labels.Roles, 0), default);
                using ClientHome home = ClientHome.Open(HomeOf(root, i));
                host.Admission.Redeem(PublicKey.Parse(enrollment.PublicKey), new Redeem(home.Key.PublicKey.ToString(), labels.Identity), null);
                trusts[i] = new ClientTrust(enrollment.ServerPublicKey, enrollment.Network, enrollment.RootPublicKey, labels, enrollment.Id);
                home.Save(trusts[i]);
            }
        }

        return new BenchFleet(root, trusts, console, StartLoops(clients));
    }

    /// <summary>Starts all clients at once; ends when every one of them is registered.</summary>
    public async Task StartAsync(int publishPort, int receivePort, CommandTable? commands = null)
    {
        var server = new ServerAddress("127.0.0.1", publishPort, receivePort);
        _agents.AddRange(await Task.WhenAll(_trusts.Select((trust, i) => Task.Run(() => ClientAgent.StartAsync(
            new ClientConfiguration { Server = server, Labels = trust.Labels, Path = HomeOf(_root, i) }, commands, _loops[i / ClientsOfLoop], Options)))));
    }

    /// <summary>As many clients with the same keys that do no more than register.</summary>
    public EmulatedSession[] Emulated() =>
    [
        .. _trusts.Select((trust, i) =>
        {
            using ClientHome home = ClientHome.Open(HomeOf(_root, i));
            return new EmulatedSession(CurveKeyPair.FromSecret([.. home.Key.Secret]), PublicKey.Parse(trust.ServerKey), trust.Labels);
        }),
    ];

    public async Task StopAsync()
    {
        await Task.WhenAll(_agents.Select(agent => agent.DisposeAsync().AsTask()));
        _agents.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (SocketLoop loop in _loops)
            await loop.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    private static string HomeOf(string root, int client) => Path.Combine(root, "clients", $"{client:0000}");
}
