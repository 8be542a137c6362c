using System.Text;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Attacks;

/// <summary>
/// What befell others, tried here. Elsewhere: orders that nobody signed or that are replayed (CVE-2022-22934, CVE-2022-22936) in
/// <see cref="ForgedOrderTests"/> and <see cref="ReplayedOrderTests"/>; answers of a false server (CVE-2022-22935) in
/// <see cref="FalseServerTests"/>; keys without proof, and clients that speak as others or order others (CVE-2024-38822 to 38825,
/// CVE-2025-22236 to 22242, CVE-2017-2298) in <see cref="ReplayedHandshakeTests"/> and <see cref="PeerAuthorityTests"/>; names that
/// are used again (CVE-2016-9639) in <see cref="NameReuseTests"/>.
/// </summary>
public sealed class IncidentTests
{
    [Fact]
    public async Task CVE_2020_11651_and_CVE_2021_25281_no_kind_of_message_is_handled_without_a_session_on_any_port()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("honest");
        long received = fleet.Server.Statistics().MessagesReceived;
        int said = 0;
        foreach (int port in (int[])[fleet.Server.ReceivePort, fleet.Server.FilePort])
        {
            foreach (MessageKind kind in Enum.GetValues<MessageKind>())
            {
                using RawPeer peer = RawPeer.Unknown(port);
                peer.SendRaw(new MessageHeader(1, 0, kind, 1).ToBytes(), "{}"u8.ToArray());
                said++;
                await Fleet.EventuallyAsync(() => Dropped(fleet, "NoSession") == said, "the message to be dropped");
            }
        }

        // The honest client's heartbeats and results come in meanwhile, and nobody else's anything.
        Assert.InRange(fleet.Server.Statistics().MessagesReceived - received, 0, said / 4);
        await AssertUpAsync(fleet, "NoSession");
    }

    [Theory]
    [InlineData("../../etc/cron.d/x")]
    [InlineData("/etc/passwd")]
    [InlineData("C:\\x")]
    [InlineData("a/../b")]
    [InlineData("a\u0000b")]
    [InlineData("a\nb")]
    [InlineData("..")]
    [InlineData("CON:stream")]
    public async Task CVE_2020_11652_a_name_that_is_a_path_is_no_name_wherever_it_comes(string name)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("honest");
        await using RemoteFleet remote = await fleet.ConnectAsync();
        using CurveKeyPair session = CurveKeyPair.Generate(), key = CurveKeyPair.Generate();
        using SigningKey signing = SigningKey.Generate();
        Func<Task>[] attempts =
        [
            () => remote.EnrolAsync(new Enrol(name, null, null, [], 0), default),
            () => remote.EnrolAsync(new Enrol("x", name, null, [], 0), default),
            () => remote.CreateTokenAsync(new CreateToken("*", null, null, [name], 0), default),
            () => remote.DecideAsync(new DecideClient(ClientDecision.Approve, name, null), default),
            () => remote.AddOperatorAsync(new AddOperator(name, session.PublicKey.ToString(), signing.PublicKey.Bytes.ToArray(), ["*:*"], false, null), default),
        ];
        foreach (Func<Task> attempt in attempts)
            Assert.Contains((await Assert.ThrowsAsync<PantryException>(attempt)).Code, (PantryErrorCode[])[PantryErrorCode.InvalidName, PantryErrorCode.NoMatchingClient]);

        using RawPeer stranger = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        stranger.Send(new Message(MessageKind.Register, Fleet.NewRegister("x") with { Labels = new ClientLabels { Identity = name } }, 1));
        Assert.Equal(nameof(PantryErrorCode.InvalidName), stranger.ReceiveRefusal().Refused.Code);
        await AssertUpAsync(fleet);
    }

    [Fact]
    public async Task CVE_2020_16846_arguments_reach_a_program_as_they_are_and_no_shell()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A POSIX program is needed.");
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");
        string file = Path.Combine(fleet.Root, "injected");
        string[] arguments = ["%s|", $"; touch {file}", $"$(touch {file})", $"`touch {file}`", $"' \" && touch {file} #", "\n", "*"];

        ResultRow row = Assert.Single(await fleet.RunAsync(Target.All, "Shell", new { program = "printf", arguments }));

        Assert.Equal(string.Concat(arguments.Skip(1).Select(argument => argument + "|")), Fleet.Text(row));
        Assert.False(File.Exists(file));
    }

    [Theory]
    [InlineData("0.9")]
    [InlineData("2.0")]
    [InlineData("")]
    [InlineData(null)]
    public async Task CVE_2025_62349_a_peer_of_an_older_protocol_or_of_none_is_not_let_in(string? version)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("honest");
        using CurveKeyPair key = await fleet.EnrolKeyAsync("old");
        using RawPeer peer = RawPeer.Unknown(fleet.Server.ReceivePort);
        (string, string)[] terms = [("Socket-Type", "DEALER"), ("Identity", ""), .. version is null ? (IEnumerable<(string, string)>)[] : [(SessionTerms.Version, version)]];

        CurveClientStep step = peer.Handshake(key, fleet.Server.PublicKey, metadata: CurveMetadata.Of(terms));

        Assert.Equal(CurveFault.RefusedByPeer, step.Fault);
        await AssertUpAsync(fleet, nameof(PantryErrorCode.ProtocolVersionMismatch));
    }

    [Theory]
    [InlineData("{\"$type\":\"System.Diagnostics.Process\",\"job\":7}")]
    [InlineData("{\"job\":{\"$type\":\"System.IO.FileInfo, System.IO\",\"fileName\":\"/etc/passwd\"}}")]
    [InlineData("{\"job\":\"x\",\"status\":99}")]
    [InlineData("{\"job\":\"x\",\"status\":\"Succeeded\",\"error\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}")]
    [InlineData("null")]
    [InlineData("\"\\u0000\"")]
    public async Task CVE_2017_2292_and_CVE_2017_8565_an_answer_that_names_types_or_is_no_answer_makes_nothing(string head)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("honest");
        using RawPeer evil = await fleet.AddRawAsync("evil");

        evil.SendFrames(new MessageHeader(1, 0, MessageKind.Result, 5).ToBytes(), Encoding.UTF8.GetBytes(head));

        Assert.Equal(nameof(PantryErrorCode.Refused), evil.ReceiveRefusal().Refused.Code);
        await AssertUpAsync(fleet, "BadHead");
    }

    [Fact]
    public async Task CVE_2016_9587_what_peers_call_themselves_brings_no_control_characters_into_lists_and_logs()
    {
        const string Hostile = "x\u001b[2J\u001b]0;owned\u0007\r\nADMIN said yes\u202e";
        var log = new Transport.Gates.ListLogger();
        await using Fleet fleet = await Fleet.StartAsync(log: log);
        OperatorCredentials credentials = await fleet.AddOperatorAsync("alice");
        using CurveKeyPair key = CurveKeyPair.TryParseSecret(credentials.SessionKey)!;
        using RawPeer console = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey, SessionRole.Operator);
        console.Send(new Message(MessageKind.Connect, new Connect(Hostile, Hostile), 1));
        console.Receive(MessageKind.Connected);
        console.Send(new Message(MessageKind.ControlJob, new ControlJob(Hostile, JobAction.Cancel), 2));
        using RawPeer client = await fleet.AddRawAsync("a");
        client.Send(new Message(MessageKind.Leave, new Leave(Hostile), 3));
        client.Receive(MessageKind.Leave);
        console.Send(new Message(MessageKind.Leave, new Leave(Hostile), 4));
        console.Receive(MessageKind.Leave);

        await fleet.Server.AuditLog.FlushAsync();
        string written = string.Concat(fleet.Server.AuditLog.Query(new AuditQuery()).Select(record => $"{record.Actor}{record.Target}{record.From}{record.Outcome}{record.Detail}"))
            + string.Concat(log.Lines);
        Assert.Contains("owned", written, StringComparison.Ordinal);
        Assert.DoesNotContain(written, character => char.IsControl(character) || character == '\u202e');
    }

    [Fact]
    public async Task The_first_key_that_comes_to_a_new_server_is_a_stranger_like_any_other()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = CurveKeyPair.Generate();
        using RawPeer first = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);

        first.Send(new Message(MessageKind.Register, Fleet.NewRegister("first"), 1));

        Assert.Equal(RegistrationStatus.Pending, first.Receive(MessageKind.Registered).HeadAs<Registered>().Status);
        await Assert.ThrowsAsync<PantryException>(() => fleet.RunAsync(Target.All, "Ping"));
    }

    private static long Dropped(Fleet fleet, string reason) => fleet.Server.Statistics().MessagesDropped.GetValueOrDefault(reason);

    /// <summary>The refusal is in the audit log, and the service is up.</summary>
    private static async Task AssertUpAsync(Fleet fleet, string? refused = null)
    {
        await fleet.Server.AuditLog.FlushAsync();
        if (refused is not null)
            Assert.NotEmpty(fleet.Server.AuditLog.Query(new AuditQuery { Action = "Refuse", Outcome = refused }));
        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await fleet.RunAsync(Target.Clients(["honest"]), "Ping")).Result.Status);
        Assert.Equal(0, Dropped(fleet, "HandlerFailed"));
    }
}
