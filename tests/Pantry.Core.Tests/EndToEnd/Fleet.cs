using System.Text;
using System.Text.Json;
using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Server;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Tests.EndToEnd;

/// <summary>A real server and real clients in this process, on free ports, with one socket loop for all clients.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly List<ClientAgent> _clients = [];
    private readonly SocketLoop _clientLoop;
    private readonly string _root;

    private Fleet(ServerHost server, SocketLoop clientLoop, PantryOptions options, string root)
    {
        Server = server;
        _clientLoop = clientLoop;
        Options = options;
        _root = root;
    }

    public ServerHost Server { get; private set; }

    public PantryOptions Options { get; }

    public IReadOnlyList<ClientAgent> Clients => _clients;

    public ServerAddress Address => new("127.0.0.1", Server.PublishPort, Server.ReceivePort);

    public static async Task<Fleet> StartAsync(PantryOptions? options = null, int[]? ports = null)
    {
        options ??= new PantryOptions();
        string root = Directory.CreateTempSubdirectory("pantry-test-").FullName;
        ServerHost server = await ServerHost.StartAsync(
            new ServerConfiguration { PublishPort = ports?[0] ?? 0, ReceivePort = ports?[1] ?? 0, FilePort = ports?[2] ?? 0, Path = root }, options: options);
        return new Fleet(server, SocketLoop.Start("test clients", 4096, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance), options, root);
    }

    public async Task<ClientAgent> AddAsync(
        string identity, string? application = null, string? environment = null, string[]? roles = null, CommandTable? commands = null,
        string[]? allowed = null, ServerAddress? through = null)
    {
        ClientAgent agent = await ClientAgent.StartAsync(
            new ClientConfiguration
            {
                Server = through ?? Address,
                Labels = ClientLabels.Create(identity, application, environment, roles),
                AllowedCommands = allowed,
            },
            commands, _clientLoop, Options);
        lock (_clients)
            _clients.Add(agent);
        return agent;
    }

    public async Task RestartServerAsync()
    {
        (int publish, int receive, int file) = (Server.PublishPort, Server.ReceivePort, Server.FilePort);
        await Server.DisposeAsync();
        Server = await ServerHost.StartAsync(
            new ServerConfiguration { PublishPort = publish, ReceivePort = receive, FilePort = file, Path = _root }, options: Options);
    }

    public Task<List<ResultRow>> RunAsync(Target target, string command, object? arguments = null, TimeSpan timeout = default, IFleet? fleet = null) =>
        RunAsync(
            new JobRequest
            {
                Target = target,
                Command = command,
                Format = BodyFormat.Json,
                Arguments = arguments is null ? [] : Json(arguments),
                Timeout = timeout,
            },
            fleet);

    public async Task<List<ResultRow>> RunAsync(JobRequest request, IFleet? fleet = null)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        IJob job = await (fleet ?? Server.Fleet).StartJobAsync(request, deadline.Token);
        var rows = new List<ResultRow>();
        await foreach (ResultRow row in job.ReadRowsAsync(deadline.Token))
            rows.Add(row);
        Assert.Equal(job.Targets.Count, rows.Count);
        Assert.Equal(rows.Count, rows.Select(row => row.Client).Distinct(Names.Comparer).Count());
        return rows;
    }

    /// <summary>Waits until something is so; fails at the deadline.</summary>
    public static async Task EventuallyAsync(Func<bool> condition, string what, TimeSpan? within = null)
    {
        using var deadline = new CancellationTokenSource(within ?? Deadline);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!condition())
        {
            try
            {
                await tick.WaitForNextTickAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"Not within {within ?? Deadline}: {what}");
            }
        }
    }

    public ClientInfo Info(string identity) => Assert.Single(Server.Registry.List(new ClientFilter { Identities = [identity] }));

    public static byte[] Json(object value) =>
        JsonSerializer.SerializeToUtf8Bytes(value, JsonSerializerOptions.Web);

    public static string Text(ResultRow row) => Encoding.UTF8.GetString(row.Body(Result.StandardOutputBody));

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_clients.Select(client => client.DisposeAsync().AsTask()));
        await Server.DisposeAsync();
        await _clientLoop.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }
}
