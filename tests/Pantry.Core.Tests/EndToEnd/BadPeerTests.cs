using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Client;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Server;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Tests.EndToEnd;

/// <summary>What a user sees when the other side is not what it should be: a named error, in time.</summary>
public sealed class BadPeerTests
{
    [Fact]
    public async Task A_port_in_use_is_named_with_the_cure()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;

        PantryException error = await StartErrorAsync(new ServerConfiguration { Path = Path.GetTempPath(), PublishPort = 0, ReceivePort = port, FilePort = 0 });

        Assert.Equal(PantryErrorCode.PortInUse, error.Code);
        Assert.Contains($"Port {port} on address 127.0.0.1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0", PantryErrorCode.AddressNotLoopback)]
    [InlineData("192.0.2.1", PantryErrorCode.AddressNotLoopback)]
    [InlineData("::", PantryErrorCode.AddressNotLoopback)]
    [InlineData("no-such-host.invalid", PantryErrorCode.InvalidAddress)]
    [InlineData("not a host", PantryErrorCode.InvalidAddress)]
    public async Task A_server_listens_on_loopback_only(string address, PantryErrorCode code)
    {
        PantryException error = await StartErrorAsync(new ServerConfiguration { Path = Path.GetTempPath(), Address = address });

        Assert.Equal(code, error.Code);
        Assert.Contains(address, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("192.0.2.1", PantryErrorCode.AddressNotLoopback)]
    [InlineData("no-such-host.invalid", PantryErrorCode.InvalidAddress)]
    public async Task A_client_dials_loopback_only_and_says_so_at_once(string address, PantryErrorCode code) =>
        Assert.Equal(code, (await RegisterErrorAsync(new ServerAddress(address, 1, 2))).Code);

    [Fact]
    public async Task Nobody_at_the_address_is_an_error_in_ten_seconds() =>
        Assert.Equal(PantryErrorCode.ServerUnreachable, (await RegisterErrorAsync(new ServerAddress("127.0.0.1", FreePort(), FreePort()))).Code);

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("localhost")]
    public async Task A_server_can_listen_on_any_form_of_a_loopback_address(string address)
    {
        string root = Directory.CreateTempSubdirectory("pantry-test-").FullName;
        await using ServerHost server = await ServerHost.StartAsync(new ServerConfiguration { Path = root, Address = address, PublishPort = 0, ReceivePort = 0, FilePort = 0 });
        await using ClientAgent client = await ClientAgent.StartAsync(new ClientConfiguration
        {
            Server = new ServerAddress(address, server.PublishPort, server.ReceivePort),
            Labels = ClientLabels.Create("a", null, null, null),
        });

        IJob job = await server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Ping" }, default);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        Assert.Equal(1, await job.ReadRowsAsync(deadline.Token).CountAsync(row => row.Result.Status == CommandStatus.Succeeded, deadline.Token));
        Directory.Delete(root, recursive: true);
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
        using var router = new RouterSocket();
        int port = router.BindRandomPort("tcp://127.0.0.1");
        Task answering = Task.Run(() =>
        {
            var request = new NetMQMessage();
            Assert.True(router.TryReceiveMultipartMessage(Fleet.Deadline, ref request));
            byte[] header = request[1].ToByteArray();
            header[4] = 9;
            router.SendMoreFrame(request[0].ToByteArray()).SendMoreFrame(header).SendFrame("{}");
        });

        PantryException error = await RegisterErrorAsync(new ServerAddress("127.0.0.1", port, port));

        await answering.WaitAsync(Fleet.Deadline);
        Assert.Equal(PantryErrorCode.ProtocolVersionMismatch, error.Code);
        Assert.Contains("version 9.0, this side 1.0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_of_another_protocol_version_is_told_both_versions_and_counted()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using var dealer = new DealerSocket($"tcp://127.0.0.1:{fleet.Server.ReceivePort}");
        dealer.SendMoreFrame(new MessageHeader(9, 0, MessageKind.Register, 5).ToBytes()).SendFrame("{}");

        (MessageHeader header, Refused refused) = ReceiveRefusal(dealer);

        Assert.Equal((5ul, nameof(PantryErrorCode.ProtocolVersionMismatch)), (header.Correlation, refused.Code));
        Assert.Contains("protocol version 1.0, the peer speaks 9.0", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, fleet.Server.Statistics().MessagesDropped["UnknownVersion"]);
    }

    [Fact]
    public async Task Messages_that_are_malformed_or_not_the_senders_to_send_are_counted_and_refused()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("honest");
        using var dealer = new DealerSocket($"tcp://127.0.0.1:{fleet.Server.ReceivePort}");

        Refused Send(MessageKind kind, string head)
        {
            dealer.SendMoreFrame(new MessageHeader(1, 0, kind, 1).ToBytes()).SendFrame(head);
            return ReceiveRefusal(dealer).Refused;
        }

        Assert.Equal(nameof(PantryErrorCode.NotConnected), Send(MessageKind.ListClients, "{\"filter\":{}}").Code);
        Assert.Equal(nameof(PantryErrorCode.Refused), Send(MessageKind.Order, "{}").Code);
        Assert.Equal(nameof(PantryErrorCode.Refused), Send(MessageKind.Register, "{\"labels\":7}").Code);
        Assert.Equal(nameof(PantryErrorCode.Refused), Send((MessageKind)99, "{}").Code);
        Assert.Equal(nameof(PantryErrorCode.InvalidName), Send(MessageKind.Register,
            "{\"labels\":{\"identity\":\"../etc\"},\"instance\":\"i\",\"pantryVersion\":\"1\",\"enrollment\":null,\"commands\":[],\"facts\":null}").Code);
        dealer.SendFrame("no header at all");

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
        using var dealer = new DealerSocket($"tcp://127.0.0.1:{fleet.Server.ReceivePort}");
        var evil = new Register(ClientLabels.Create("evil", null, null, null), "i", "1", null, [], null);
        Send(dealer, new Message(MessageKind.Register, evil, 1));
        Assert.Equal(MessageKind.Registered, Receive(dealer).Header.Kind);

        Send(dealer, new Message(MessageKind.Result, new Result(job.Id, CommandStatus.Succeeded, 0, null, BodyFormat.None, null, false, null, TimeSpan.Zero), 2));
        Assert.Equal(nameof(PantryErrorCode.Refused), ReceiveRefusal(dealer).Refused.Code);
        Receive(dealer); // ResultStored: it need not try again.
        Send(dealer, new Message(MessageKind.StartJob, new StartJob(Target.All, "Shell", BodyFormat.None, 1, 1, 0, null), 3));
        Assert.Equal(nameof(PantryErrorCode.Refused), ReceiveRefusal(dealer).Refused.Code);

        finish.SetResult();
        ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);
        Assert.Equal("honest", row.Client);
        Assert.Equal((1, 1), (fleet.Server.Statistics().MessagesDropped["ForeignResult"], fleet.Server.Statistics().MessagesDropped["WrongDirection"]));
    }

    [Fact]
    public async Task The_file_port_answers_that_no_file_service_is_offered()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using var dealer = new DealerSocket($"tcp://127.0.0.1:{fleet.Server.FilePort}");
        Send(dealer, new Message(MessageKind.Connect, new Connect("me", "1"), 1));

        Assert.Equal(nameof(PantryErrorCode.NotOffered), ReceiveRefusal(dealer).Refused.Code);
    }

    private static async Task<PantryException> StartErrorAsync(ServerConfiguration configuration) =>
        await Assert.ThrowsAsync<PantryException>(() => ServerHost.StartAsync(configuration));

    private static async Task<PantryException> RegisterErrorAsync(ServerAddress address)
    {
        long begun = Stopwatch.GetTimestamp();
        var error = await Assert.ThrowsAsync<PantryException>(() => ClientAgent.StartAsync(new ClientConfiguration
        {
            Server = address,
            Labels = ClientLabels.Create("a", null, null, null),
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

    private static void Send(DealerSocket dealer, Message message)
    {
        var frames = new NetMQMessage();
        foreach (byte[] frame in MessageCodec.Encode(message))
            frames.Append(frame);
        dealer.SendMultipartMessage(frames);
    }

    private static (MessageHeader Header, byte[] Head) Receive(DealerSocket dealer)
    {
        var message = new NetMQMessage();
        Assert.True(dealer.TryReceiveMultipartMessage(Fleet.Deadline, ref message), "The server did not answer.");
        Assert.True(MessageHeader.TryRead(message[0].ToByteArray(), out MessageHeader header));
        return (header, message[1].ToByteArray());
    }

    private static (MessageHeader Header, Refused Refused) ReceiveRefusal(DealerSocket dealer)
    {
        (MessageHeader header, byte[] head) = Receive(dealer);
        Assert.Equal(MessageKind.Refused, header.Kind);
        return (header, System.Text.Json.JsonSerializer.Deserialize(head, WireJson.Default.Refused)!);
    }
}
