using Pantry.Client;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Transport;

namespace Pantry.Tests.Attacks;

/// <summary>A server that is killed in the middle of decisions has every one that it has confirmed, and its clients come back.</summary>
public sealed class KilledServerTests
{
    [Fact]
    public async Task Every_decision_that_was_confirmed_is_in_force_after_the_server_was_killed_and_clients_come_back()
    {
        string root = TestDirectory.Create();
        int[] ports = FixedPorts.Take(3);
        string[] arguments = ["server", Path.Combine(root, "server"), .. ports.Select(port => $"{port}"), Path.Combine(root, "operator.json")];
        var clients = new List<ClientAgent>();
        var said = new List<(string Name, ClientStatus Status)>();
        var unused = new List<Enrollment>();
        HostProcess server = await HostProcess.StartAsync(arguments);
        OperatorCredentials credentials = OperatorFile.Load(Path.Combine(root, "operator.json"));
        var address = new ServerAddress("127.0.0.1", ports[0], ports[1]);
        try
        {
            for (int round = 0; round < 3; round++)
            {
                await using RemoteFleet remote = await RemoteFleet.ConnectAsync(credentials);
                Task deciding = DecideAsync(remote, round, address, root, clients, said, unused);
                int before = said.Count;
                await Fleet.EventuallyAsync(() => Count(said) >= before + 6 + (round * 2), "some decisions");
                await server.KillAsync();
                await deciding.WaitAsync(Fleet.Deadline);
                await server.DisposeAsync();
                server = await HostProcess.StartAsync(arguments);
                await LookAsync(credentials, said);
            }

            await using RemoteFleet last = await RemoteFleet.ConnectAsync(credentials);
            Enrollment kept = unused[^1];
            clients.Add(await StartAsync(kept.Identity!, kept, address, root));
            HashSet<string> trusted = await last.FindClientsAsync(new ClientFilter(), default).Where(client => client.Status != ClientStatus.Revoked).Select(client => client.Identity).ToHashSetAsync();
            string[] approved = [.. clients.Select(client => client.Labels.Identity).Where(trusted.Contains)];
            await Fleet.EventuallyAsync(() => clients.Where(client => approved.Contains(client.Labels.Identity)).All(client => client.Status == ServiceStatus.Running), "the clients to come back");
            IJob job = await last.StartJobAsync(new JobRequest { Target = Target.Clients(approved), Command = "Ping" }, default);
            using var deadline = new CancellationTokenSource(Fleet.Deadline);
            Assert.All(await job.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token), row => Assert.Equal(CommandStatus.Succeeded, row.Result.Status));
            TestContext.Current.TestOutputHelper!.WriteLine($"{said.Count} decisions confirmed, {approved.Length} clients came back");
        }
        finally
        {
            await Task.WhenAll(clients.Select(client => client.DisposeAsync().AsTask()));
            await server.DisposeAsync();
            Directory.Delete(root, recursive: true);
        }
    }

    /// <summary>Decides until the server is gone; what it has confirmed is written down.</summary>
    private static async Task DecideAsync(
        RemoteFleet remote, int round, ServerAddress address, string root, List<ClientAgent> clients, List<(string, ClientStatus)> said, List<Enrollment> unused)
    {
        try
        {
            for (int i = 0; ; i++)
            {
                Enrollment enrollment = await remote.EnrolAsync(new Enrol($"host{round}-{i}", "shop", null, [], 0), default);
                if (i % 3 == 2)
                {
                    unused.Add(enrollment);
                    continue;
                }

                ClientAgent client = await StartAsync(enrollment.Identity!, enrollment, address, root);
                clients.Add(client);
                Say(said, enrollment.Identity!, ClientStatus.Online);
                if (i % 3 == 1)
                {
                    await remote.DecideAsync(new DecideClient(ClientDecision.Revoke, enrollment.Identity, null), default);
                    Say(said, enrollment.Identity!, ClientStatus.Revoked);
                }
            }
        }
        catch (PantryException)
        {
            // The server is gone.
        }
    }

    private static async Task LookAsync(OperatorCredentials credentials, List<(string Name, ClientStatus Status)> said)
    {
        await using RemoteFleet remote = await RemoteFleet.ConnectAsync(credentials);
        Dictionary<string, ClientStatus> known = await remote.FindClientsAsync(new ClientFilter(), default).ToDictionaryAsync(client => client.Identity, client => client.Status);
        foreach (IGrouping<string, (string Name, ClientStatus Status)> client in said.GroupBy(word => word.Name))
        {
            // A revocation that was not confirmed may have been made all the same.
            if (client.Any(word => word.Status == ClientStatus.Revoked))
                Assert.Equal(ClientStatus.Revoked, known[client.Key]);
            else
                Assert.Contains(known[client.Key], (ClientStatus[])[ClientStatus.Online, ClientStatus.Offline, ClientStatus.Revoked]);
        }

        Assert.True((await remote.VerifyAuditAsync(null, default)).IsIntact);
    }

    private static Task<ClientAgent> StartAsync(string identity, Enrollment enrollment, ServerAddress address, string root) => ClientAgent.StartAsync(new ClientConfiguration
    {
        Server = address,
        Labels = ClientLabels.Create(identity, "shop", null, []),
        Path = Path.Combine(root, identity),
        Enrollment = enrollment,
    });

    private static void Say(List<(string, ClientStatus)> said, string name, ClientStatus status)
    {
        lock (said)
            said.Add((name, status));
    }

    private static int Count(List<(string, ClientStatus)> said)
    {
        lock (said)
            return said.Count;
    }
}
