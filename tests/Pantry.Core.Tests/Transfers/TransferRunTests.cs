using System.Globalization;
using Pantry.Operators;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Transfers;

/// <summary>
/// Large transfers whose links are cut ten times, and both of whose sides are killed in the middle. PANTRY_FILE_ONE says how many MiB go to one client,
/// PANTRY_FILE_MANY how many to each of PANTRY_FILE_CLIENTS; full size is 1024, 64 and 50.
/// </summary>
public sealed class TransferRunTests
{
    private const int Cuts = 10;
    private const int Mebibyte = 1024 * 1024;

    // Of a process, with all that .NET takes for itself; what a file has is many times as much at full size.
    private const double MostMemory = 600;

    [Fact]
    public async Task A_file_to_one_client_survives_ten_cuts_and_a_kill_of_either_side_in_the_middle()
    {
        int mebibytes = Setting("PANTRY_FILE_ONE") ?? 48;
        await using TransferRun run = await TransferRun.StartAsync(mebibytes);
        HostProcess client = await run.StartProcessAsync("one");
        IJob job = await run.SendAsync("one");
        double memory = 0;
        for (int cut = 1; cut <= Cuts; cut++)
        {
            await run.PassedAsync(mebibytes * (long)Mebibyte * cut / (Cuts + 2));
            run.Proxy.CutAll();
            if (cut == 4)
                await run.KillServerAsync();
            if (cut != 7)
                continue;
            memory = TransferRun.Peak(client.Id);
            await client.KillAsync();
            await client.DisposeAsync();
            client = await run.StartProcessAsync("one");
        }

        await run.AssertCompleteAsync([job], ["one"]);
        memory = Math.Max(memory, TransferRun.Peak(client.Id));
        Say($"{mebibytes} MiB to one client in {run.Seconds:0} s; most memory: server {run.ServerMemory:0} MiB, client {memory:0} MiB; passed {run.Proxy.ToClient.Passed / Mebibyte} MiB");
        Assert.InRange(run.ServerMemory, 1, MostMemory);
        Assert.InRange(memory, 1, MostMemory);
        // Twice at most what was under way at each break, and what the killed client had not put in its place.
        Assert.InRange(run.Proxy.ToClient.Passed, mebibytes * (long)Mebibyte, (mebibytes + ((Cuts + 2) * 2 * 10)) * (long)Mebibyte);
        await client.DisposeAsync();
    }

    [Fact]
    public async Task Files_to_many_clients_survive_ten_cuts_of_all_links_and_a_kill_of_the_server_and_of_a_client()
    {
        int mebibytes = Setting("PANTRY_FILE_MANY") ?? 4, clients = Setting("PANTRY_FILE_CLIENTS") ?? 8;
        await using TransferRun run = await TransferRun.StartAsync(mebibytes);
        string[] names = [.. Enumerable.Range(0, clients).Select(i => $"c{i}")];
        HostProcess first = await run.StartProcessAsync(names[0]);
        foreach (string name in names[1..])
            await run.AddAsync(name);
        IJob[] jobs = await Task.WhenAll(names.Select(name => run.SendAsync(name)));
        for (int cut = 1; cut <= Cuts; cut++)
        {
            await run.PassedAsync(clients * mebibytes * (long)Mebibyte * cut / (Cuts + 2));
            run.Proxy.CutAll();
            if (cut == 5)
                await run.KillServerAsync();
            if (cut != 7)
                continue;
            await first.KillAsync();
            await first.DisposeAsync();
            first = await run.StartProcessAsync(names[0]);
        }

        await run.AssertCompleteAsync(jobs, names);
        Say($"{mebibytes} MiB to each of {clients} clients in {run.Seconds:0} s; most memory of the server {run.ServerMemory:0} MiB; passed {run.Proxy.ToClient.Passed / Mebibyte} MiB");
        Assert.InRange(run.ServerMemory, 1, MostMemory);
        await first.DisposeAsync();
    }

    private static int? Setting(string name) => int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;

    private static void Say(FormattableString text) => TestContext.Current.TestOutputHelper!.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
