using System.Text;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.TestHost;

/// <summary>
/// `storage ROOT jobs`: adds jobs and rows without end and says each after it was stored, so that a test can kill it and look
/// for what it said; goes on with jobs that an earlier run left open.
/// </summary>
internal static class JobStorageMode
{
    public static async Task RunAsync(ServerDatabase database, CancellationToken over)
    {
        await using JobStore store = JobStore.Open(database);
        Console.WriteLine("ready");
        foreach (StoredJob open in store.LoadOpen())
            AddRows(store, open.Id, open.Targets.Except(open.Rows.Select(row => row.Row.Client)));
        for (int i = 0; !over.IsCancellationRequested; i++)
        {
            string[] targets = [.. Enumerable.Range(0, 10).Select(number => $"h{number}")];
            string id = $"job{Environment.ProcessId}-{i}";
            await store.AddAsync(NewJob(id, targets));
            Console.WriteLine($"accepted {id} .");
            // Every other one ends; of the rest the next run has something to do.
            AddRows(store, id, i % 2 == 0 ? targets : targets.Take(6));
            if (i % 2 == 0)
                store.Note(id, PantryJobState.Ended);
            if (i % 5 == 0)
                await store.FlushAsync();
        }
    }

    private static void AddRows(JobStore store, string job, IEnumerable<string> targets)
    {
        foreach (string target in targets)
        {
            var result = new Result(job, CommandStatus.Succeeded, 0, null, BodyFormat.None, null, false, null, TimeSpan.Zero);
            store.AddRow(job, new StoredRow(new ResultRow(0, target, null, result, [Encoding.UTF8.GetBytes($"output of {target}")]), Canary: false),
                (row, _) => Console.WriteLine($"stored {job} {row.Number} {row.Client} ."));
        }
    }

    private static StoredJob NewJob(string id, string[] targets) => new()
    {
        Id = id,
        Operator = "alice",
        OperatorKey = [1],
        Command = "Ping",
        Target = "all clients",
        CreatedAt = DateTimeOffset.UtcNow,
        NotAfter = DateTimeOffset.UtcNow.AddHours(1),
        State = PantryJobState.Running,
        Targets = targets,
        Order = new StoredOrder(new SignedJob { Order = new SignedOrder([1], [2]), Target = Target.Clients(targets) }, [.. targets.Select(_ => (PublicKey?)null)], 0),
    };
}
