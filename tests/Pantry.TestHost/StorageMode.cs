using Pantry.Configuration;
using Pantry.Provisioning.Packages;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.TestHost;

/// <summary>
/// `storage ROOT`: writes to the storage of a server and to a client's journal without end and says each thing after it was confirmed, so that a test
/// can kill it and look for what it said. Ends when its input does.
/// </summary>
internal static class StorageMode
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        using var over = new CancellationTokenSource();
        var input = new Thread(() =>
        {
            _ = Console.In.ReadToEnd();
            over.Cancel();
        })
        { IsBackground = true };
        input.Start();

        using var database = ServerDatabase.Open(arguments[0]);
        if (arguments.Length > 1)
        {
            await JobStorageMode.RunAsync(database, reports: arguments[1] == "reports", over.Token);
            return 0;
        }

        using var trust = new TrustStore(database);
        await using var audit = AuditLog.Open(database);
        using var journal = OrderJournal.Open(Path.Combine(arguments[0], "client"));
        using var provisioning = ProvisioningDatabase.Open(database);
        Console.WriteLine("ready");
        for (int i = 0; !over.IsCancellationRequested; i++)
        {
            PublicKey key = Approve(trust, $"host{Environment.ProcessId}-{i}");
            Console.WriteLine($"approved {key} .");
            await audit.WriteAsync(new AuditEvent("operator", "Approve", "Succeeded") { Key = key.Fingerprint });
            Console.WriteLine($"audited {key.Fingerprint} .");
            Console.WriteLine($"published {Publish(provisioning, $"1.{Environment.ProcessId}.{i}")} .");
            Console.WriteLine($"revised {Revise(provisioning)} .");
            string job = $"job{Environment.ProcessId}-{i}";
            journal.TryBegin(job, DateTimeOffset.UtcNow.AddHours(1));
            Console.WriteLine($"begun {job} .");
            if (i % 2 == 0)
            {
                journal.End(job, [1], []);
                Console.WriteLine($"ended {job} .");
            }
        }

        return 0;
    }

    private static string Publish(ProvisioningDatabase provisioning, string version)
    {
        var edition = new PackageEdition(PackageDeclaration.Create("web", version, "script", null, []), new string('a', 64));
        provisioning.Packages.Add(new StoredPackage(edition, 1, 1, DateTimeOffset.UtcNow, "operator"));
        return version;
    }

    private static int Revise(ProvisioningDatabase provisioning)
    {
        int revision = (provisioning.Applications.FindNewest("shop")?.Revision ?? 0) + 1;
        provisioning.Applications.Add(new StoredRevision("shop", revision, ApplicationChange.Changed, $"description: {revision}", DateTimeOffset.UtcNow, "operator"), new ProvisioningLimits { RevisionsOfEach = int.MaxValue });
        return revision;
    }

    private static PublicKey Approve(TrustStore trust, string identity)
    {
        using var pair = CurveKeyPair.Generate();
        var client = new ClientKey(pair.PublicKey, KeyStatus.Pending, ClientLabels.Create(identity, "shop", null, null), DateTimeOffset.UtcNow);
        trust.AddPending(client, 10);
        trust.Decide(pair.PublicKey, KeyStatus.Approved, null, "operator", DateTimeOffset.UtcNow);
        return pair.PublicKey;
    }
}
