using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server.Provisioning;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.TestHost;

/// <summary>
/// `storage ROOT jobs`: adds jobs and rows without end and says each after it was stored, so that a test can kill it and look
/// for what it said; goes on with jobs that an earlier run left open. `storage ROOT reports`: the rows have provisioning reports, which are taken meanwhile.
/// </summary>
internal static class JobStorageMode
{
    private static readonly byte[] Report = Encoding.UTF8.GetBytes("""[{"package":"web","version":"1.0.0","kind":"script","status":"Changed","changed":1}]""");

    private static readonly PublicKey Key = PublicKey.FromBytes([.. Enumerable.Repeat((byte)7, PublicKey.Length)]);

    public static async Task RunAsync(ServerDatabase database, bool reports, CancellationToken over)
    {
        await using JobStore store = JobStore.Open(database);
        using var provisioning = ProvisioningDatabase.Open(database);
        await using ReportTaker? taker = reports ? new ReportTaker(store, provisioning.Reports, provisioning.Pins, new PantryOptions(), TimeProvider.System, NullLogger.Instance) : null;
        Console.WriteLine("ready");
        foreach (StoredJob open in store.LoadOpen())
            AddRows(store, taker, open.Id, open.Targets.Except(open.Rows.Select(row => row.Row.Client)));
        for (int i = 0; !over.IsCancellationRequested; i++)
        {
            string[] targets = [.. Enumerable.Range(0, 10).Select(number => $"h{number}")];
            string id = $"job{Environment.ProcessId}-{i}";
            await store.AddAsync(NewJob(id, targets));
            Console.WriteLine($"accepted {id} .");
            // Every other one ends; of the rest the next run has something to do.
            AddRows(store, taker, id, i % 2 == 0 ? targets : targets.Take(6));
            if (i % 2 == 0)
                store.Note(id, PantryJobState.Ended);
            if (i % 5 == 0)
                await store.FlushAsync();
        }
    }

    private static void AddRows(JobStore store, ReportTaker? taker, string job, IEnumerable<string> targets)
    {
        foreach (string target in targets)
        {
            var result = new Result(job, CommandStatus.Succeeded, 0, null, taker is null ? BodyFormat.None : BodyFormat.Json, null, false, null, TimeSpan.Zero);
            byte[][] bodies = taker is null ? [Encoding.UTF8.GetBytes($"output of {target}")] : [[], [], Report];
            store.AddRow(job, new StoredRow(new ResultRow(0, target, null, result, bodies), Canary: false) { ReportsOf = taker is null ? null : Key }, (row, _) =>
            {
                Console.WriteLine($"stored {job} {row.Number} {row.Client} .");
                taker?.Due();
            });
        }
    }

    private static StoredJob NewJob(string id, string[] targets) => new()
    {
        Id = id,
        Operator = "alice",
        OperatorKey = [1],
        Command = "Provision",
        Target = "all clients",
        CreatedAt = DateTimeOffset.UtcNow,
        NotAfter = DateTimeOffset.UtcNow.AddHours(1),
        State = PantryJobState.Running,
        Targets = targets,
        Order = new StoredOrder(new SignedJob { Order = new SignedOrder([1], [2]), Target = Target.Clients(targets) }, [.. targets.Select(_ => (PublicKey?)null)], 0),
    };
}
