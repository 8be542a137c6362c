using System.Diagnostics;
using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Targeting;
using Pantry.TestHost;
using Pantry.Tests.EndToEnd;
using Pantry.Transport;

namespace Pantry.Tests.Faults;

/// <summary>A client behind proxies of its own, in this process or in one that can be killed, which marks in a file what it carried out.</summary>
internal sealed class FaultClient : IAsyncDisposable
{
    private readonly Enrollment _enrollment;
    private readonly PantryOptions _options;
    private readonly string _file;
    private readonly List<long> _kills = [];
    private HostProcess? _process;
    private ClientAgent? _agent;

    private FaultClient(Enrollment enrollment, string root, PantryOptions options)
    {
        Orders = new FaultProxy(enrollment.PublishPort);
        Answers = new FaultProxy(enrollment.ReceivePort);
        _enrollment = enrollment with { PublishPort = Orders.Port, ReceivePort = Answers.Port };
        _options = options;
        Home = Path.Combine(root, enrollment.Identity!);
        _file = Path.Combine(root, $"{enrollment.Identity}.enrollment");
    }

    public string Identity => _enrollment.Identity!;

    public string Home { get; }

    public FaultProxy Orders { get; }

    public FaultProxy Answers { get; }

    /// <summary>Whether it can be killed.</summary>
    public bool IsProcess => _agent is null;

    public static async Task<FaultClient> StartAsync(Enrollment enrollment, string root, PantryOptions options, SocketLoop? loop)
    {
        var client = new FaultClient(enrollment, root, options);
        if (loop is null)
        {
            EnrollmentFile.Save(client._file, client._enrollment);
            await client.StartProcessAsync();
            return client;
        }

        var commands = new CommandTable();
        commands.Add(new MarkCommand(Path.Combine(client.Home, "marks")));
        client._agent = await ClientAgent.StartAsync(
            new ClientConfiguration
            {
                Server = new ServerAddress("127.0.0.1", client.Orders.Port, client.Answers.Port),
                Labels = ClientLabels.Create(enrollment.Identity!, enrollment.Application, enrollment.Environment, enrollment.Roles),
                Path = client.Home,
                Enrollment = client._enrollment,
            },
            commands, loop, options);
        return client;
    }

    /// <summary>Kills it, and starts it again after a while.</summary>
    public async Task KillAsync(TimeSpan downFor)
    {
        lock (_kills)
            _kills.Add(Stopwatch.GetTimestamp());
        await _process!.KillAsync();
        await _process.DisposeAsync();
        _process = null;
        await Task.Delay(downFor);
        await StartProcessAsync();
    }

    public bool WasKilledSince(long moment)
    {
        lock (_kills)
            return _kills.Exists(kill => kill >= moment);
    }

    /// <summary>How often it carried out what.</summary>
    public IReadOnlyDictionary<string, int> Marks()
    {
        string file = Path.Combine(Home, "marks");
        return File.Exists(file) ? File.ReadAllLines(file).CountBy(word => word).ToDictionary() : new Dictionary<string, int>();
    }

    public void Heal()
    {
        foreach (FaultFlow flow in (FaultFlow[])[Orders.ToServer, Orders.ToClient, Answers.ToServer, Answers.ToClient])
        {
            flow.Delay(default, default);
            flow.Throttle(0);
            flow.Resume();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null)
            await _agent.DisposeAsync();
        if (_process is not null)
            await _process.DisposeAsync();
        await Orders.DisposeAsync();
        await Answers.DisposeAsync();
    }

    private async Task StartProcessAsync() => _process = await HostProcess.StartAsync(_options, "client", _file, Home);
}
