using Pantry.Security;
using Pantry.Storage;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Storage;

public sealed class KillTests
{
    [Fact]
    public async Task What_was_confirmed_is_there_after_the_process_was_killed_at_any_moment()
    {
        using var root = new StorageRoot();
        var said = new List<string>();
        for (int round = 0; round < 5; round++)
        {
            await using HostProcess writer = await HostProcess.StartAsync("storage", root.Path);
            int lines = Random.Shared.Next(1, 60);
            for (int i = 0; i < lines; i++)
                said.Add((await writer.ReadLineAsync())!);
            await writer.KillAsync();
            while (await writer.ReadLineAsync() is { } line)
                said.Add(line);

            // A line ends in a dot; the pipe can end in the middle of one.
            said.RemoveAll(line => !line.EndsWith(" .", StringComparison.Ordinal));
            await LookAsync(root, said);
        }
    }

    private static async Task LookAsync(StorageRoot root, IReadOnlyList<string> said)
    {
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        await using var audit = AuditLog.Open(database);
        await audit.FlushAsync();
        HashSet<string?> audited = [.. audit.Query(new AuditQuery { Action = "Approve" }).Select(record => record.Key)];
        Assert.Equal((true, null), (audit.Verify().Ok, audit.Verify().Problem));
        using var journal = OrderJournal.Open(Path.Combine(root.Path, "client"));
        using var provisioning = ProvisioningDatabase.Open(database);
        foreach (string[] words in said.Select(line => line.Split(' ')))
        {
            switch (words[0])
            {
                case "approved":
                    Assert.Equal(KeyStatus.Approved, trust.Find(PublicKey.Parse(words[1]))?.Status);
                    break;
                case "audited":
                    Assert.Contains(words[1], audited);
                    break;
                case "published":
                    Assert.NotNull(provisioning.Packages.Find("web", words[1]));
                    break;
                case "revised":
                    Assert.Equal($"description: {words[1]}", provisioning.Applications.Find("shop", int.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture))?.Document);
                    break;
                case "begun":
                    Assert.NotNull(journal.Find(words[1]));
                    Assert.False(journal.TryBegin(words[1], DateTimeOffset.UtcNow.AddHours(1)));
                    break;
                case "ended":
                    Assert.Equal(JournalState.Ended, journal.Find(words[1]));
                    break;
                default:
                    Assert.Fail($"What is '{words[0]}'?");
                    break;
            }
        }

        Assert.Contains(said, line => line.StartsWith("approved", StringComparison.Ordinal));
    }
}
