using System.Diagnostics;
using System.Globalization;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Lifetime;

public sealed class ProcessTests(ITestOutputHelper log)
{
    private const int Runs = 20;

    private static readonly TimeSpan ImportTarget = TimeSpan.FromMilliseconds(300);

    [Fact]
    public async Task Importing_feels_instant()
    {
        var imports = new List<double>();
        for (int run = 0; run < Runs && !imports.Exists(import => import <= ImportTarget.TotalMilliseconds); run++)
        {
            (_, string output, string error) = await EngineProcess.RunAsync($"""
                $begun = [Diagnostics.Stopwatch]::GetTimestamp()
                Import-Module '{Places.Manifest}'
                [Diagnostics.Stopwatch]::GetElapsedTime($begun).TotalMilliseconds.ToString([cultureinfo]::InvariantCulture)
                """);
            Assert.Equal("", error);
            imports.Add(double.Parse(output, CultureInfo.InvariantCulture));
        }

        log.WriteLine($"import, cold: {string.Join(", ", imports.Select(import => $"{import:0} ms"))}");

        // The best of some: other tests share the machine.
        Assert.InRange(imports.Min(), 0, ImportTarget.TotalMilliseconds);
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
