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

            // The pipe can end in the middle of a line.
            if (said[^1].StartsWith("approved ", StringComparison.Ordinal) && said[^1].Length < "approved ".Length + PublicKey.TextLength)
                said.RemoveAt(said.Count - 1);
            Look(root, said);
        }
    }

    private static void Look(StorageRoot root, IReadOnlyList<string> said)
    {
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        foreach (string line in said)
        {
            string[] words = line.Split(' ');
            Assert.Equal("approved", words[0]);
            Assert.Equal(KeyStatus.Approved, trust.Find(PublicKey.Parse(words[1]))?.Status);
        }
    }
}
