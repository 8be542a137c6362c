using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Tests.Attacks;

namespace Pantry.Tests.EndToEnd;

/// <summary>A console whose link comes and goes at bad moments keeps its jobs.</summary>
public sealed class ReattachTests
{
    private static readonly Result Done = new("job", CommandStatus.Succeeded, 0, null, BodyFormat.None, null, false, null, TimeSpan.Zero);

    [Fact]
    public async Task A_job_outlives_a_link_that_is_lost_or_a_server_that_is_slow_while_the_job_is_attached_anew()
    {
        int attached = 0, beats = 0;
        Message? Answer(Message message) => message.Head switch
        {
            Connect => new Message(MessageKind.Connected, new Connected("alice", "fleet", "1", DateTimeOffset.UtcNow, 0.1, 10)),
            StartJob => new Message(MessageKind.JobStarted, new JobStarted("job", ["a"])),
            Heartbeat when Interlocked.Increment(ref beats) == 2 => WhoAreYou(),
            AttachJob => Interlocked.Increment(ref attached) switch
            {
                1 => WhoAreYou(),
                2 => null,
                _ => new Message(MessageKind.JobStarted, new JobStarted("job", ["a"])),
            },
            RowsTaken when attached > 2 => new Message(MessageKind.Row, new Row("job", 0, "a", null, Done)),
            _ => null,
        };
        await using var server = new FalseServer(CurveKeyPair.Generate(), "fleet", Answer);
        using CurveKeyPair session = CurveKeyPair.Generate();
        using SigningKey signing = SigningKey.Generate();
        await using RemoteFleet console = await RemoteFleet.ConnectAsync(
            new OperatorCredentials
            {
                Name = "alice",
                Address = server.Address.Host,
                ReceivePort = server.Address.ReceivePort,
                ServerPublicKey = server.PublicKey.ToString(),
                Network = "fleet",
                SessionKey = Z85.Encode(session.Secret),
                SigningKey = signing.ToPem(null),
            },
            options: new PantryOptions { RequestTimeout = TimeSpan.FromMilliseconds(500), StopTimeout = TimeSpan.FromMilliseconds(200) });
        using var deadline = new CancellationTokenSource(Fleet.Deadline);

        IJob job = await console.StartJobAsync(new JobRequest { Target = Target.All, Command = "Ping" }, deadline.Token);
        ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);

        Assert.Equal(("a", CommandStatus.Succeeded, 3), (row.Client, row.Result.Status, attached));
    }

    // What a server says that wants to hear anew who this is: all that is under way on the link is lost with it.
    private static Message WhoAreYou() => new(MessageKind.Refused, new Refused(nameof(PantryErrorCode.NotConnected), "Who are you?"));
}
