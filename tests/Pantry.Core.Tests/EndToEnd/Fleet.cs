using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
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

    /// <summary>Directory of everything: the server's root and the clients' homes lie below it.</summary>
    public string Root => _root;

    public SocketLoop ClientLoop => _clientLoop;

    public static async Task<Fleet> StartAsync(PantryOptions? options = null, int[]? ports = null, ILogger? log = null, TimeProvider? time = null, string? serverPath = null)
    {
        options ??= new PantryOptions();
        string root = TestDirectory.Create();
        ServerHost server = await ServerHost.StartAsync(
            new ServerConfiguration { PublishPort = ports?[0] ?? 0, ReceivePort = ports?[1] ?? 0, FilePort = ports?[2] ?? 0, Path = serverPath ?? Path.Combine(root, "server") },
            options: options, time: time, log: log);
        return new Fleet(server, SocketLoop.Start("test clients", 4096, NullLogger.Instance), options, root);
    }

    /// <summary>A client by an enrolment of its own.</summary>
    public async Task<ClientAgent> AddAsync(
        string identity, string? application = null, string? environment = null, string[]? roles = null, CommandTable? commands = null,
        string[]? allowed = null, ServerAddress? through = null) =>
        await StartAsync(
            await ConfigurationAsync(identity, application, environment, roles) with { Server = through ?? Address, Policy = new ClientPolicy { AllowedCommands = allowed } },
            commands);

    /// <summary>What a client is started with, enrolled but not started.</summary>
    public async Task<ClientConfiguration> ConfigurationAsync(string identity, string? application = null, string? environment = null, string[]? roles = null)
    {
        Enrollment enrollment = await Server.Fleet.EnrolAsync(new Enrol(identity, application, environment, roles ?? [], 0), default);
        return new ClientConfiguration
        {
            Server = Address,
            Labels = ClientLabels.Create(identity, application, environment, roles),
            Path = Home(identity),
            Enrollment = enrollment,
        };
    }

    public async Task<ClientAgent> StartAsync(ClientConfiguration configuration, CommandTable? commands = null, ILogger? log = null, TimeProvider? time = null)
    {
        ClientAgent agent = await ClientAgent.StartAsync(configuration, commands, _clientLoop, Options, time, log);
        lock (_clients)
            _clients.Add(agent);
        return agent;
    }

    /// <summary>The key of a client that an enrolment let in, for peers that speak for themselves.</summary>
    public async Task<CurveKeyPair> EnrolKeyAsync(string identity, string? application = null, string? environment = null, string[]? roles = null)
    {
        Enrollment enrollment = await Server.Fleet.EnrolAsync(new Enrol(identity, application, environment, roles ?? [], 0), default);
        CurveKeyPair key = CurveKeyPair.Generate();
        Server.Admission.Redeem(PublicKey.Parse(enrollment.PublicKey), new Redeem(key.PublicKey.ToString(), identity), null);
        return key;
    }

    /// <summary>A peer with the key of an approved client, which has registered.</summary>
    public async Task<RawPeer> AddRawAsync(string identity, string? application = null)
    {
        using CurveKeyPair key = await EnrolKeyAsync(identity, application);
        RawPeer peer = RawPeer.Connect(Server.ReceivePort, key, Server.PublicKey);
        peer.Send(new Message(MessageKind.Register, NewRegister(identity, application), 1));
        Assert.Equal(RegistrationStatus.Approved, peer.Receive(MessageKind.Registered).HeadAs<Registered>().Status);
        return peer;
    }

    public static Register NewRegister(string identity, string? application = null) =>
        new(ClientLabels.Create(identity, application, null, null), Guid.NewGuid().ToString("N"), "1", null, 0, [], null, DateTimeOffset.UtcNow);

    /// <summary>A directory for a client, another one each time.</summary>
    public string Home(string identity) => Path.Combine(_root, "clients", $"{identity}-{Guid.NewGuid():N}");

    /// <summary>A new operator's credentials.</summary>
    public async Task<OperatorCredentials> AddOperatorAsync(string name, bool administrator = false, params string[] scopes)
    {
        using CurveKeyPair session = CurveKeyPair.Generate();
        using SigningKey signing = SigningKey.Generate();
        await Server.Fleet.AddOperatorAsync(
            new AddOperator(name, session.PublicKey.ToString(), signing.PublicKey.Bytes.ToArray(), scopes.Length > 0 ? scopes : ["*:*"], administrator, null), default);
        return new OperatorCredentials
        {
            Name = name,
            Address = Address.Host,
            ReceivePort = Address.ReceivePort,
            ServerPublicKey = Server.PublicKey.ToString(),
            Network = Server.Authority.Network,
            SessionKey = Z85.Encode(session.Secret),
            SigningKey = signing.ToPem(null),
        };
    }

    /// <summary>A console of an operator who may do everything.</summary>
    public async Task<RemoteFleet> ConnectAsync(ServerAddress? through = null, PantryOptions? options = null)
    {
        OperatorCredentials credentials = await AddOperatorAsync($"console-{Guid.NewGuid():N}", administrator: true);
        return await RemoteFleet.ConnectAsync(
            through is null ? credentials : credentials with { Address = through.Host, ReceivePort = through.ReceivePort }, options: options ?? Options);
    }

    public async Task RestartServerAsync()
    {
        (int publish, int receive, int file) = (Server.PublishPort, Server.ReceivePort, Server.FilePort);
        await Server.DisposeAsync();
        Server = await ServerHost.StartAsync(
            new ServerConfiguration { PublishPort = publish, ReceivePort = receive, FilePort = file, Path = Server.Configuration.Path }, options: Options);
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
