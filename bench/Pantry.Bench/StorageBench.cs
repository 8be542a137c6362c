using System.Diagnostics;
using System.Globalization;
using Pantry.Storage;

namespace Pantry.Bench;

/// <summary>What it costs to write down an order before it is given (audit log) and before it is begun (journal).</summary>
internal static class StorageBench
{
    private const int Writes = 300;

    public static async Task<int> RunAsync(string[] args)
    {
        int rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 3;
        Print($"{rounds} rounds of {Writes}, one after the other, in microseconds; of 1000 at once the time for one.");
        Print($"{"",-52}{"p50",10}{"p99",10}{"at once",10}");
        foreach (bool inMemory in (bool[])[true, false])
        {
            string root = BenchFleet.NewDirectory(inMemory), where = inMemory ? "in memory" : "on the disk";
            using (ServerDatabase database = ServerDatabase.Open(root))
            {
                await using var audit = AuditLog.Open(database);
                await MeasureAsync($"audit record before an order, {where}", i => audit.WriteAsync(Entry(i)), rounds);
                await MeasureAsync($"audit record before a decision's answer, {where}", i =>
                {
                    _ = audit.AppendAsync(Entry(i)).AsTask();
                    return audit.FlushAsync();
                }, rounds);
            }

            using (OrderJournal journal = OrderJournal.Open(Path.Combine(root, "client")))
            {
                await MeasureAsync($"journal, begin and end, {where}", i =>
                {
                    string job = $"{Guid.NewGuid():N}";
                    journal.TryBegin(job, DateTimeOffset.UtcNow.AddMinutes(1));
                    journal.End(job, [1], []);
                    return Task.CompletedTask;
                }, rounds);
            }

            Directory.Delete(root, recursive: true);
        }

        return 0;
    }

    private static AuditEvent Entry(int number) => new("operator", "Order", "Accepted")
    {
        Target = "shop.test",
        Job = $"{number}",
        Detail = """{"command":"Shell","argumentsDigest":"0000000000000000000000000000000000000000000000000000000000000000","targets":1,"names":["host"]}""",
    };

    private static async Task MeasureAsync(string what, Func<int, Task> write, int rounds)
    {
        var half = new List<double>();
        var most = new List<double>();
        var together = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            var took = new List<double>(Writes);
            for (int i = 0; i < Writes; i++)
            {
                long start = Stopwatch.GetTimestamp();
                await write(i);
                took.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            }

            took.Sort();
            half.Add(took[Writes / 2]);
            most.Add(took[Writes * 99 / 100]);
            long begun = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, 1000).Select(write));
            together.Add(Stopwatch.GetElapsedTime(begun).TotalMicroseconds / 1000);
        }

        Print($"{what,-52}{Median(half),10:0}{Median(most),10:0}{Median(together),10:0}");
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
