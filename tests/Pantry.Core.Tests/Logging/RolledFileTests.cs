using Microsoft.Extensions.Logging;
using Pantry.Configuration.Settings;
using Pantry.Logging;

namespace Pantry.Tests.Logging;

public sealed class RolledFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pantry-test-").FullName;

    private string LogFile => Path.Combine(_folder, "pantry.log");

    [Fact]
    public async Task A_full_file_is_renamed_and_the_oldest_goes()
    {
        await using (HostLog log = Open(new LogSettings { FileSize = 4096, FileCount = 3 }))
        {
            ILogger source = log.CreateLogger("Test");
            for (int i = 0; i < 400; i++)
                source.LogInformation("Line {Number} of many that fill the file", i);
        }

        string[] files = [LogFile, $"{LogFile}.1", $"{LogFile}.2"];
        Assert.Equal(files, Directory.GetFiles(_folder).Order());
        Assert.All(files, file => Assert.InRange(new FileInfo(file).Length, 1, 4096));
        // Nothing is missing between the oldest that is left and the newest.
        int[] numbers = [.. files.Reverse().SelectMany(File.ReadAllLines).Select(line => int.Parse(line.Split("Line ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(Enumerable.Range(numbers[0], 400 - numbers[0]), numbers);
        Assert.True(numbers[0] > 0);
    }

    [Fact]
    public async Task Two_hosts_of_a_process_share_a_file_and_no_line_is_lost()
    {
        await using (HostLog one = Open(new LogSettings()), other = Open(new LogSettings()))
        {
            await Task.WhenAll(new[] { one, other }.Select((log, host) => Task.Run(() =>
            {
                ILogger source = log.CreateLogger($"Host{host}");
                for (int i = 0; i < 1000; i++)
                    source.LogInformation("{Number}", i);
            })));
        }

        string[] lines = await File.ReadAllLinesAsync(LogFile);
        foreach (string host in (string[])["Host0", "Host1"])
            Assert.Equal(Enumerable.Range(0, 1000).Select(number => $"{host}: {number}"), lines.Where(line => line.Contains(host, StringComparison.Ordinal)).Select(line => line[(line.IndexOf("Host", StringComparison.Ordinal))..]));
    }

    [Fact]
    public async Task A_file_that_is_moved_away_is_begun_anew()
    {
        await using HostLog log = Open(new LogSettings());
        log.CreateLogger("Test").LogWarning("before");
        await WrittenAsync("before");

        File.Move(LogFile, $"{LogFile}.moved");
        log.CreateLogger("Test").LogWarning("after");

        await WrittenAsync("after");
        Assert.DoesNotContain("before", Read(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_that_could_not_be_written_are_counted_in_the_log()
    {
        await using HostLog log = Open(new LogSettings());
        File.Delete(LogFile);
        Directory.CreateDirectory(LogFile);
        ILogger source = log.CreateLogger("Test");
        source.LogWarning("lost");
        // Whether it was lost yet shows only in the line that says so.
        await Task.Run(() => SpinWait.SpinUntil(() => log.Missing > 0, TimeSpan.FromSeconds(10)));

        Directory.Delete(LogFile);
        source.LogWarning("kept");

        await WrittenAsync("1 lines are missing here");
        Assert.Contains("kept", Read(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nowhere/pantry.log", "There is no directory")]
    [InlineData("link.log", "It is a link")]
    public void A_file_that_cannot_be_written_is_an_error_that_names_it(string name, string why)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Not everybody may make a link there.");
        File.CreateSymbolicLink(Path.Combine(_folder, "link.log"), Path.Combine(_folder, "elsewhere"));
        string path = Path.Combine(_folder, name);

        var error = Assert.Throws<PantryException>(() => HostLog.Open(new LogSettings { Targets = [new LogTarget(LogOutput.File, path)] }, []));

        Assert.Equal(PantryErrorCode.InvalidConfiguration, error.Code);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, "elsewhere")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private HostLog Open(LogSettings settings) => HostLog.Open(settings with { Targets = [new LogTarget(LogOutput.File, LogFile)] }, []);

    private string Read() => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "";

    private async Task WrittenAsync(string text) => Assert.True(
        await Task.Run(() => SpinWait.SpinUntil(() => Read().Contains(text, StringComparison.Ordinal), TimeSpan.FromSeconds(10))), $"Not written: {text}");
}
