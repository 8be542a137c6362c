using System.Diagnostics;
using Pantry.Commands;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Commands;

public sealed class ProcessTreeTests
{
    public static bool NotOnLinux => !OperatingSystem.IsLinux();

    [Fact(SkipWhen = nameof(NotOnLinux), Skip = "Marks in the environment are Linux's.")]
    public async Task A_tree_whose_marks_are_closed_to_us_is_ended_all_the_same()
    {
        string tag = $"TREE_TEST={Guid.NewGuid():N}";
        var start = new ProcessStartInfo("/bin/sh") { ArgumentList = { "-c", "sleep 1000 & sleep 1001; true" }, Environment = { ["TREE_TEST"] = tag["TREE_TEST=".Length..] } };
        using Process root = Process.Start(start)!;
        await Fleet.EventuallyAsync(() => Processes.WithVariable(tag).Count == 3, "the tree to stand");

        await ProcessTree.EndAsync(root, "a mark that none of them has", TimeSpan.FromSeconds(5));

        await Fleet.EventuallyAsync(() => Processes.WithVariable(tag).Count == 0, "the tree to be gone");
    }
}
