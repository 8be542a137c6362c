using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Targeting;

namespace Pantry.Bench.Fleet;

/// <summary>A server's root whose clients are approved, and clients in memory that are only played.</summary>
internal sealed class PeerFleet : IDisposable
{
    private const string Stream = "shop.test";
    private static readonly TimeSpan BeatInterval = new PantryOptions().HeartbeatInterval;

    private readonly CancellationTokenSource _ending = new();

    private PeerFleet(string root, PantryPeer[] peers, OperatorCredentials console)
    {
        (Root, Peers, Operator) = (root, peers, console);
        _ = BeatAsync(_ending.Token);
    }

    public static Target Everybody { get; } = new() { Streams = [Stream] };

    public string Root { get; }

    public PantryPeer[] Peers { get; }

    public OperatorCredentials Operator { get; }

    public static async Task<PeerFleet> PrepareAsync(int clients)
    {
        string root = BenchFleet.NewDirectory();
        await using ServerHost host = await ServerHost.StartAsync(new ServerConfiguration { PublishPort = 0, ReceivePort = 0, FilePort = 0, Path = root });
        OperatorCredentials console = await NewConsole.AddAsync(host);
        var trust = new PeerTrust(host.PublicKey, host.Authority.Network, host.Authority.Bundle);
        var peers = new PantryPeer[clients];
        for (int i = 0; i < clients; i++)
        {
            ClientLabels labels = ClientLabels.Create($"host{i:00000}", "shop", "test", ["web"]);
            CurveKeyPair key = CurveKeyPair.Generate();
            Enrollment enrollment = await host.Fleet.EnrolAsync(new Enrol(labels.Identity, labels.Application, labels.Environment, labels.Roles, 0), default);
            host.Admission.Redeem(PublicKey.Parse(enrollment.PublicKey), new Redeem(key.PublicKey.ToString(), labels.Identity), null);
            peers[i] = new PantryPeer(key, labels, trust);
        }

        return new PeerFleet(root, peers, console);
    }

    public void Dispose()
    {
        _ending.Cancel();
        foreach (PantryPeer peer in Peers)
            peer.Dispose();
        _ending.Dispose();
        Directory.Delete(Root, recursive: true);
    }

    // One clock for all: each turn a part of them says that it is there.
    private async Task BeatAsync(CancellationToken cancellation)
    {
        const int Turns = 50;
        using var timer = new PeriodicTimer(BeatInterval / Turns);
        try
        {
            for (int turn = 0; await timer.WaitForNextTickAsync(cancellation); turn = (turn + 1) % Turns)
            {
                for (int i = turn; i < Peers.Length; i += Turns)
                    Peers[i].Beat();
            }
        }
        catch (OperationCanceledException)
        {
            // The bench is over.
        }
    }
}
