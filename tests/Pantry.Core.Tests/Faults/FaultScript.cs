using System.Globalization;

namespace Pantry.Tests.Faults;

/// <summary>A random sequence of faults, always the same for a seed.</summary>
internal sealed class FaultScript(FaultFleet fleet, Random random)
{
    private readonly List<Task> _under = [];
    private readonly List<string> _said = [];
    private bool _serverKilled;

    /// <summary>What was done, in words.</summary>
    public IReadOnlyList<string> Said => _said;

    /// <summary>Clients that something was done to.</summary>
    public HashSet<string> Touched { get; } = [];

    /// <summary>Whether the server was killed.</summary>
    public bool ServerKilled => _serverKilled;

    public async Task PlayAsync(int steps, CancellationToken deadline)
    {
        for (int i = 0; i < steps; i++)
        {
            await Task.Delay(random.Next(20, 250), deadline);
            await StepAsync();
        }

        await Task.WhenAll(_under).WaitAsync(deadline);
    }

    private Task StepAsync()
    {
        FaultClient client = fleet.Clients[random.Next(fleet.Clients.Count)];
        FaultProxy proxy = random.Next(3) == 0 ? client.Orders : client.Answers;
        bool toServer = random.Next(2) == 0;
        int milliseconds = 100 + (int)(2900 * Math.Pow(random.NextDouble(), 3));
        int roll = random.Next(100);
        // Drawn in any case, so that a sequence stays the same where one fault cannot be had.
        FaultClient victim = fleet.Clients.Where(candidate => candidate.IsProcess).ElementAt(random.Next(fleet.Clients.Count(candidate => candidate.IsProcess)));
        TimeSpan downFor = TimeSpan.FromMilliseconds(random.Next(300));
        switch (roll)
        {
            case < 20:
                Say("cut", client);
                proxy.CutAll();
                break;
            case < 30:
                Say("close", client);
                proxy.CloseAll();
                break;
            case < 40:
                Say("half-close", client);
                proxy.Connections.ToList().ForEach(connection => connection.HalfClose(toServer));
                break;
            case < 56:
                Say("pause", client, milliseconds);
                Hold(proxy.Pause, proxy.Resume, milliseconds);
                break;
            case < 66:
                Say("delay", client, milliseconds);
                FaultFlow late = toServer ? proxy.ToServer : proxy.ToClient;
                Hold(() => late.Delay(TimeSpan.FromMilliseconds(random.Next(10, 150)), TimeSpan.FromMilliseconds(100)), () => late.Delay(default, default), milliseconds);
                break;
            case < 72:
                Say("throttle", client, milliseconds);
                FaultFlow slow = toServer ? proxy.ToServer : proxy.ToClient;
                Hold(() => slow.Throttle(random.Next(2000, 20_000)), () => slow.Throttle(0), milliseconds);
                break;
            case < 81 when !Touched.Contains($"killed {victim.Identity}"):
                // Once in a while is enough: it must have come back before it can be killed again.
                Touched.Add($"killed {victim.Identity}");
                Say("kill -9 of client", victim);
                _under.Add(victim.KillAsync(downFor));
                break;
            case < 85 when !_serverKilled:
                _serverKilled = true;
                Say("kill -9 of server", null);
                return fleet.KillServerAsync(downFor);
            case < 92:
                Say("cut of console", null);
                fleet.ConsoleProxy.CutAll();
                break;
            default:
                Say("pause of console", null, milliseconds);
                Hold(fleet.ConsoleProxy.Pause, fleet.ConsoleProxy.Resume, milliseconds);
                break;
        }

        return Task.CompletedTask;
    }

    private void Hold(Action begin, Action end, int milliseconds)
    {
        begin();
        _under.Add(EndAsync());

        async Task EndAsync()
        {
            await Task.Delay(milliseconds);
            end();
        }
    }

    private void Say(string what, FaultClient? client, int? milliseconds = null)
    {
        if (client is not null)
            Touched.Add(client.Identity);
        _said.Add(string.Create(CultureInfo.InvariantCulture, $"{what}|{client?.Identity} {milliseconds}"));
    }
}
