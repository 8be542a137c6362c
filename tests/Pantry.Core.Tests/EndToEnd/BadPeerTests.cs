using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Client;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Tests.EndToEnd;

/// <summary>What a user sees when the other side is not what it should be: a named error, in time.</summary>
public sealed class BadPeerTests : IDisposable
{
    private readonly string _root = TestDirectory.Create();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_port_in_use_is_named_with_the_cure()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;

        PantryException error = await StartErrorAsync(new ServerConfiguration { Path = Path.Combine(_root, "server"), PublishPort = 0, ReceivePort = port, FilePort = 0 });

        Assert.Equal(PantryErrorCode.PortInUse, error.Code);
        Assert.Contains($"Port {port} on address 127.0.0.1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-host.invalid", PantryErrorCode.InvalidAddress)]
    [InlineData("not a host", PantryErrorCode.InvalidAddress)]
    public async Task An_address_that_cannot_be_listened_on_is_named(string address, PantryErrorCode code)
    {
        PantryException error = await StartErrorAsync(new ServerConfiguration { Path = Path.Combine(_root, "server"), Address = address });

        Assert.Equal(code, error.Code);
        Assert.Contains(address, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_cannot_look_up_its_server_says_so_at_once() =>
        Assert.Equal(PantryErrorCode.InvalidAddress, (await RegisterErrorAsync(new ServerAddress("no-such-host.invalid", 1, 2))).Code);

    [Fact]
    public async Task Nobody_at_the_address_is_an_error_in_ten_seconds() =>
        Assert.Equal(PantryErrorCode.ServerUnreachable, (await RegisterErrorAsync(new ServerAddress("127.0.0.1", FreePort(), FreePort()))).Code);

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("localhost")]
    [InlineData("0.0.0.0")]
    public async Task A_server_can_listen_on_any_form_of_an_address(string address)
    {
        await using ServerHost server = await ServerHost.StartAsync(new ServerConfiguration { Path = Path.Combine(_root, "server"), Address = address, PublishPort = 0, ReceivePort = 0, FilePort = 0 });
        await using ClientAgent client = await ClientAgent.StartAsync(new ClientConfiguration
        {
            Server = new ServerAddress(address == "0.0.0.0" ? "127.0.0.1" : address, server.PublishPort, server.ReceivePort),
            Labels = ClientLabels.Create("a", null, null, null),
            Path = Path.Combine(_root, "client"),
            Enrollment = await server.Fleet.EnrolAsync(new Enrol("a", null, null, [], 0), default),
        });

        IJob job = await server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Ping" }, default);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        Assert.Equal(1, await job.ReadRowsAsync(deadline.Token).CountAsync(row => row.Result.Status == CommandStatus.Succeeded, deadline.Token));
    }

    [Fact]
    public async Task A_web_server_at_the_address_is_no_Pantry_server_and_what_it_said_is_shown()
    {
        using var listener = Listen("HTTP/1.1 400 Bad Request\r\n\r\n");

        PantryException error = await RegisterErrorAsync(AddressOf(listener));

        Assert.Equal(PantryErrorCode.NotAPantryServer, error.Code);
        Assert.Contains("HTTP/1.1 400", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_an_error_in_ten_seconds()
    {
        using var listener = Listen("");

        Assert.Contains((await RegisterErrorAsync(AddressOf(listener))).Code, (PantryErrorCode[])[PantryErrorCode.ServerUnreachable, PantryErrorCode.NotAPantryServer]);
    }

    [Fact]
    public async Task A_ZeroMQ_server_that_is_not_Pantry_is_an_error_in_ten_seconds()
    {
        using var router = new RouterSocket();
        int port = router.BindRandomPort("tcp://127.0.0.1");

        Assert.Equal(PantryErrorCode.NotAPantryServer, (await RegisterErrorAsync(new ServerAddress("127.0.0.1", port, port))).Code);
    }

    [Fact]
    public async Task A_publish_port_given_as_the_receive_port_is_named()
    {
        await using Fleet fleet = await Fleet.StartAsync();

        PantryException error = await RegisterErrorAsync(new ServerAddress("127.0.0.1", fleet.Server.ReceivePort, fleet.Server.PublishPort));

        Assert.Equal(PantryErrorCode.NotAPantryServer, error.Code);
        Assert.Contains("PUB", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_of_another_protocol_version_is_named_with_both_versions()
    {
        using CurveKeyPair key = CurveKeyPair.Generate();
        using var curve = new CurveServer(key);
        using var router = new RouterSocket();
        int port = router.BindRandomPort("tcp://127.0.0.1");
        Task answering = Task.Run(() =>
        {
            byte[][] hello = Next(router);
            router.SendMoreFrame(hello[0]).SendFrame(curve.Hello(hello[1], hello[0]).Welcome!);
            byte[][] initiate = Next(router);
            using CurvePendingSession pending = curve.Initiate(initiate[1], initiate[0]).Pending!;
            router.SendMoreFrame(initiate[0]).SendFrame(pending.Accept(Terms("9.0")).Ready);
        });

        PantryException error = await RegisterErrorAsync(new ServerAddress("127.0.0.1", port, port), key.PublicKey);

        await answering.WaitAsync(Fleet.Deadline);
        Assert.Equal(PantryErrorCode.ProtocolVersionMismatch, error.Code);
        Assert.Contains("version 9.0, this side 1.0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_of_another_protocol_version_is_told_both_versions_and_counted()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = CurveKeyPair.Generate();
        using RawPeer peer = RawPeer.Unknown(fleet.Server.ReceivePort);

        CurveClientStep step = peer.Handshake(key, fleet.Server.PublicKey, metadata: Terms("9.0"));

        Assert.Equal(CurveFault.RefusedByPeer, step.Fault);
        PantryException told = SessionRefusal.Read(step.Reason!, "server");
        Assert.Equal(PantryErrorCode.ProtocolVersionMismatch, told.Code);
        Assert.Contains("The peer speaks protocol version 9.0, this side 1.0", told.Message, StringComparison.Ordinal);
        Assert.Equal(1, fleet.Server.Statistics().MessagesDropped[nameof(PantryErrorCode.ProtocolVersionMismatch)]);
    }

    [Fact]
    public async Task Messages_that_are_malformed_or_not_the_senders_to_send_are_counted_and_refused()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("honest");
        using CurveKeyPair key = CurveKeyPair.Generate();
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);

        Refused Send(MessageKind kind, string head)
        {
            peer.SendFrames(new MessageHeader(1, 0, kind, 1).ToBytes(), Encoding.UTF8.GetBytes(head));
            return peer.ReceiveRefusal().Refused;
        }

        Assert.Equal(nameof(PantryErrorCode.NotConnected), Send(MessageKind.Heartbeat, "{\"runningJobs\":0}").Code);
        Assert.Equal(nameof(PantryErrorCode.Refused), Send(MessageKind.Order, "{}").Code);
        Assert.Equal(nameof(PantryErrorCode.Refused), Send(MessageKind.Register, "{\"labels\":7}").Code);
        Assert.Equal(nameof(PantryErrorCode.NotOffered), Send((MessageKind)200, "{}").Code);
        Assert.Equal(nameof(PantryErrorCode.InvalidName), Send(MessageKind.Register,
            "{\"labels\":{\"identity\":\"../etc\",\"roles\":[]},\"instance\":\"i\",\"pantryVersion\":\"1\",\"token\":null,\"bundleSerial\":0,\"commands\":[],\"facts\":null,\"clientTime\":\"2026-01-01T00:00:00Z\"}").Code);
        peer.SendFrames(Encoding.ASCII.GetBytes("no header at all"));

        await Fleet.EventuallyAsync(() => fleet.Server.Statistics().MessagesDropped.ContainsKey("NoHeader"), "the message to be counted");
        Assert.Equal(["BadHead", "InvalidRegistration", "NoHeader", "NotIntroduced", "UnknownKind", "WrongDirection"], fleet.Server.Statistics().MessagesDropped.Keys.Order());
        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await fleet.RunAsync(Target.All, "Ping")).Result.Status);
    }

    [Fact]
    public async Task A_client_cannot_send_an_order_nor_the_result_of_a_job_it_is_no_target_of()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var finish = new TaskCompletionSource();
        var commands = new Pantry.Commands.CommandTable();
        commands.Add(new WaitingCommand("Meet", finish.Task));
        await fleet.AddAsync("honest", commands: commands);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.Clients(["honest"]), Command = "Meet" }, deadline.Token);
        using RawPeer evil = await fleet.AddRawAsync("evil");

        evil.Send(new Message(MessageKind.Result, new Result(job.Id, CommandStatus.Succeeded, 0, null, BodyFormat.None, null, false, null, TimeSpan.Zero), 2));
        Assert.Equal(nameof(PantryErrorCode.Refused), evil.ReceiveRefusal().Refused.Code);
        Assert.Equal(MessageKind.ResultStored, evil.Receive().Kind);
        evil.Send(new Message(MessageKind.StartJob, new StartJob([], Target.All, 1, RolloutPlan.AtOnce), 3));
        Assert.Equal(nameof(PantryErrorCode.Refused), evil.ReceiveRefusal().Refused.Code);
        evil.Send(new Message(MessageKind.Accepted, new Accepted(job.Id), 4));
        Assert.Equal(4UL, evil.ReceiveRefusal().Message.Correlation);

        finish.SetResult();
        ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);
        Assert.Equal("honest", row.Client);
        Assert.Equal((2, 1), (fleet.Server.Statistics().MessagesDropped["ForeignResult"], fleet.Server.Statistics().MessagesDropped["WrongDirection"]));
        await fleet.Server.AuditLog.FlushAsync();
        string key = fleet.Info("evil").Fingerprint!;
        Assert.Equal(["ForeignResult", "WrongDirection"], fleet.Server.AuditLog.Query(new AuditQuery { Action = "Refuse" }).Where(record => record.Key == key).Select(record => record.Outcome).Order());
    }

    [Fact]
    public async Task The_file_port_lets_no_key_in_that_is_not_approved()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = CurveKeyPair.Generate();
        using RawPeer peer = RawPeer.Unknown(fleet.Server.FilePort);

        CurveClientStep step = peer.Handshake(key, fleet.Server.PublicKey);

        Assert.Equal(PantryErrorCode.KeyUnknown, SessionRefusal.Read(step.Reason!, "server").Code);
    }

    private static CurveMetadata Terms(string version) => CurveMetadata.Of(("Socket-Type", "DEALER"), ("Identity", ""), (SessionTerms.Version, version));

    private static byte[][] Next(RouterSocket router)
    {
        var request = new NetMQMessage();
        Assert.True(router.TryReceiveMultipartMessage(Fleet.Deadline, ref request));
        return [.. request.Select(frame => frame.ToByteArray())];
    }

    private static async Task<PantryException> StartErrorAsync(ServerConfiguration configuration) =>
        await Assert.ThrowsAsync<PantryException>(() => ServerHost.StartAsync(configuration));

    private async Task<PantryException> RegisterErrorAsync(ServerAddress address, PublicKey? server = null)
    {
        using CurveKeyPair other = CurveKeyPair.Generate();
        long begun = Stopwatch.GetTimestamp();
        var error = await Assert.ThrowsAsync<PantryException>(() => ClientAgent.StartAsync(new ClientConfiguration
        {
            Server = address,
            ServerKey = server ?? other.PublicKey,
            Labels = ClientLabels.Create("a", null, null, null),
            Path = Path.Combine(_root, "client"),
        }));
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10), $"It took {Stopwatch.GetElapsedTime(begun)}");
        return error;
    }

    private static TcpListener Listen(string answer)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = Task.Run(async () =>
        {
            while (true)
            {
                TcpClient client = await listener.AcceptTcpClientAsync();
                if (answer.Length > 0)
                    await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer));
            }
        });
        return listener;
    }

    private static ServerAddress AddressOf(TcpListener listener) =>
        new("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, ((IPEndPoint)listener.LocalEndpoint).Port);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
