using System.Diagnostics;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.TestHost;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Faults;

/// <summary>One job under faults: started and read by the console whose link suffers, half of them read by another one too.</summary>
internal sealed class FaultJob
{
    private readonly TimeSpan _after;
    private readonly int _milliseconds;
    private readonly int _target;
    private readonly RolloutPlan _plan;
    private readonly bool _followed;
    private readonly List<ResultRow> _rows = [];
    private List<ResultRow>? _alsoRead;
    private long _startedAt;
    private int _starts;

    public FaultJob(string word, Random random)
    {
        Word = word;
        _after = TimeSpan.FromMilliseconds(random.Next(1500));
        _milliseconds = random.Next(5, 300);
        _target = random.Next(3);
        _plan = random.Next(4) == 0 ? new RolloutPlan { BatchSize = new Share(random.Next(3, 15)) } : RolloutPlan.AtOnce;
        _followed = random.Next(2) == 0;
    }

    /// <summary>What clients write down when they carry it out.</summary>
    public string Word { get; private set; }

    public string? Id { get; private set; }

    public IReadOnlyList<ResultRow> Rows => _rows;

    public async Task RunAsync(FaultFleet fleet, CancellationToken deadline)
    {
        await Task.Delay(_after, deadline);
        _startedAt = Stopwatch.GetTimestamp();
        IJob job = await StartAsync(fleet, deadline);
        Id = job.Id;
        Task following = _followed ? FollowAsync(fleet, job.Id, deadline) : Task.CompletedTask;
        await foreach (ResultRow row in job.ReadRowsAsync(deadline))
            _rows.Add(row);
        await following;
    }

    /// <summary>What is not as it must be; nothing where all is well.</summary>
    public IEnumerable<string> Faults(FaultFleet fleet, FaultScript script)
    {
        if (!_rows.Select(row => row.Client).Order().SequenceEqual(fleet.Clients.Select(client => client.Identity).Order()))
            yield return $"{this}: the rows are not those of the targets";
        if (!_rows.Select(row => row.Number).SequenceEqual(Enumerable.Range(0, _rows.Count)))
            yield return $"{this}: the rows are not numbered from 0 on";
        if (_alsoRead is not null && !_alsoRead.Select(row => (row.Number, row.Client, Ending(row))).SequenceEqual(_rows.Select(row => (row.Number, row.Client, Ending(row)))))
            yield return $"{this}: the other console has read other rows";
        foreach (ResultRow row in _rows)
        {
            FaultClient client = fleet.Clients.Single(client => client.Identity == row.Client);
            int times = client.Marks().GetValueOrDefault(Word);
            bool killed = client.WasKilledSince(_startedAt);
            string what = $"{this}: {row.Client} has {Ending(row)} ({row.Result.Error?.Message}), ran it {times} times{(killed ? " and was killed" : "")}";
            if (times > 1 || (times == 0 && row.Result.Status == CommandStatus.Succeeded))
                yield return what;
            else if (row.Result.Status == CommandStatus.Succeeded && Fleet.Text(row).Trim() != Word)
                yield return $"{what}, with another output: {Fleet.Text(row)}";
            else if (row.Result.Status != CommandStatus.Succeeded && !IsExplained(row, times, killed, script))
                yield return what;
        }
    }

    /// <summary>Clients that carried it out though their rows say that it was never sent to them.</summary>
    public IEnumerable<string> NeverSentThough(FaultFleet fleet) =>
        from row in _rows
        where Ending(row) == "Offline ClientOffline"
        let client = fleet.Clients.Single(client => client.Identity == row.Client)
        where client.Marks().ContainsKey(Word)
        select $"{this}: {row.Client} ran it though it was offline";

    public static string Ending(ResultRow row) => $"{row.Result.Status} {row.Result.Error?.Code}".TrimEnd();

    public override string ToString() => $"{Word} ({Id}, started {_starts} times, target {_target}, batch {_plan.BatchSize}, {_milliseconds} ms, {_rows.Count} rows)";

    // A process that is gone knows nothing more; who was away when the order was given never got it.
    private static bool IsExplained(ResultRow row, int times, bool killed, FaultScript script) => Ending(row) switch
    {
        "Lost ClientRestarted" => killed,
        "Offline ClientOffline" => times == 0 && (script.ServerKilled || script.Touched.Contains(row.Client)),
        _ => false,
    };

    private async Task<IJob> StartAsync(FaultFleet fleet, CancellationToken deadline)
    {
        string word = Word;
        return await FaultFleet.PersistAsync(
            () =>
            {
                // Whether one that was not answered was begun nobody knows: each has a word of its own.
                Word = _starts++ == 0 ? word : $"{word}n{_starts}";
                return fleet.Console.StartJobAsync(
                    new JobRequest
                    {
                        Target = _target switch
                        {
                            0 => Target.All,
                            1 => Target.OfStreams("shop"),
                            _ => Target.Clients(fleet.Clients.Select(client => client.Identity)),
                        },
                        Command = MarkCommand.CommandName,
                        Format = BodyFormat.Json,
                        Arguments = Fleet.Json(new { word = Word, milliseconds = _milliseconds }),
                        Plan = _plan,
                    },
                    deadline);
            },
            deadline);
    }

    private async Task FollowAsync(FaultFleet fleet, string id, CancellationToken deadline)
    {
        IJob job = await FaultFleet.PersistAsync(() => fleet.Watcher.OpenJobAsync(id, 0, deadline), deadline);
        _alsoRead = await job.ReadRowsAsync(deadline).ToListAsync(deadline);
    }
}
