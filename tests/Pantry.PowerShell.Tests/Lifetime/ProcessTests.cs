using System.Diagnostics;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Lifetime;

public sealed class ProcessTests(ITestOutputHelper log)
{
    [Fact]
    public async Task Importing_loads_nothing_but_the_module()
    {
        // What makes an import instant: transport, databases and YAML come with the first cmdlet that needs them.
        (_, string output, string error) = await EngineProcess.RunAsync($$"""
            Import-Module '{{Places.Manifest}}'
            [AppDomain]::CurrentDomain.GetAssemblies() | ForEach-Object { $_.GetName().Name }
            """);
        Assert.Equal("", error);
        string[] loaded = output.Split('\n', StringSplitOptions.TrimEntries);
        Assert.Contains("Pantry.PowerShell", loaded);
        Assert.DoesNotContain(loaded, name => name.StartsWith("NetMQ", StringComparison.Ordinal) || name.StartsWith("Microsoft.Data.Sqlite", StringComparison.Ordinal)
            || name.StartsWith("SQLite", StringComparison.Ordinal) || name.StartsWith("YamlDotNet", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_script_that_leaves_everything_running_ends_all_the_same()
    {
        long begun = Stopwatch.GetTimestamp();
        (int exitCode, string output, string error) = await EngineProcess.RunAsync($$"""
            Import-Module '{{Places.Manifest}}'
            $root = [IO.Directory]::CreateTempSubdirectory('pantry-exit-').FullName
            $server = Start-PantryServer -Path $root -PublishPort 0 -ReceivePort 0 -FilePort 0
            $null = Register-PantryClient -Path $root/one -Identity one -Application shop
            'left'
            """);
        log.WriteLine($"{Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s");
        Assert.Equal((0, "left", ""), (exitCode, output, error));
    }

    [Fact]
    public async Task A_client_process_that_is_killed_is_offline_soon_and_comes_back_under_its_name()
    {
        using Session session = Session.WithFleet();
        string enrolment = Path.Combine(session.Root, "one.json");
        session.Run("$null = New-PantryEnrollment one -Application shop -OutFile \"$root/one.json\"").Clean();
        string script = $"Import-Module '{Places.Manifest}'; (Register-PantryClient -EnrollmentFile '{enrolment}' -Path '{session.Root}/one').Identity; while ($true) {{ $null = [Threading.Tasks.Task]::Delay(20).Wait(20) }}";

        using (Process client = EngineProcess.Start(script, out string file))
        {
            Assert.Equal("one", await client.StandardOutput.ReadLineAsync().WaitAsync(Session.Deadline));
            File.Delete(file);
            client.Kill(entireProcessTree: true);
        }

        Outcome outcome = session.Run("Send-PantryCommand -Client one -Name Ping -DeliveryTimeout 3");
        Assert.Contains(Assert.Single(outcome.Texts("Status")), new[] { "Offline" });

        session.Run("$null = Register-PantryClient -EnrollmentFile \"$root/one.json\" -Path \"$root/one\"").Clean();
        Assert.Equal(["Succeeded"], session.Run("Test-PantryClient one").Texts("Status"));
    }
}
