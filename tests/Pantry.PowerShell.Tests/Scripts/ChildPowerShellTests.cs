using System.Diagnostics;
using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Scripts;

/// <summary>Scripts on a client that is not hosted in PowerShell: they run in a pwsh of their own, where one is installed.</summary>
public sealed class ChildPowerShellTests
{
    private const string Send = "Send-PantryCommand -All -ScriptBlock";

    [Fact]
    public async Task Without_a_PowerShell_the_row_says_so()
    {
        await using BareClient client = await BareClient.StartAsync(Path.GetDirectoryName(Environment.ProcessPath)!);
        Assert.Equal(["NoPowerShell"], client.Session.Run($"{Send} {{ 1 }}").ErrorIds);
    }

    [Theory]
    [InlineData("$x = 5", "{ $using:x + 1 }", "6")]
    [InlineData("$x = @{ a = @{ b = 'deep' } }", "{ $using:x.a.b }", "deep")]
    [InlineData("", "{ param($a, $b) \"$a-$b\" } -ArgumentList 1, 'two'", "1-two")]
    [InlineData("", "{ (Get-Date '2026-01-02').Year }", "2026")]
    [InlineData("", "{ [Environment]::GetCommandLineArgs() -join ' ' -like '*my own text*' }", "False")]
    public async Task Values_and_arguments_come_along(string before, string script, string expected)
    {
        await using BareClient client = await BareClient.WithPowerShellAsync();
        Assert.Equal(expected, client.Session.Run($"{before}; ({Send} {script}).Output").Clean().Single()!.ToString());
    }

    [Theory]
    [InlineData("{ Reverse $args[1] } -ArgumentList 1, $secure")]
    [InlineData("{ Reverse $args[0].Password } -ArgumentList $credential")]
    [InlineData("{ Reverse $using:secure }")]
    [InlineData("{ Reverse ($using:credential).Password }")]
    [InlineData("{ Reverse $Key } -Secret @{ Key = $secure }")]
    [InlineData("{ Reverse $Db.Password } -Secret @{ Db = $credential; Other = $secure }")]
    [InlineData("{ if (-not ([IO.File]::ReadAllText('/proc/self/environ') + [IO.File]::ReadAllText('/proc/self/cmdline')).Contains('canary-7Zq4vT')) { Reverse $Key } } -Secret @{ Key = $secure }")]
    public async Task Secrets_come_along_as_what_they_were(string script)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && script.Contains("/proc", StringComparison.Ordinal), "/proc is Linux's.");
        const string Reverse = "{ function Reverse($s) { $c = [pscredential]::new('x', $s).GetNetworkCredential().Password.ToCharArray(); [array]::Reverse($c); -join $c };";
        await using BareClient client = await BareClient.WithPowerShellAsync();
        client.Session.Run("""
            $secure = [securestring]::new(); foreach ($character in 'canary-7Zq4vT'.ToCharArray()) { $secure.AppendChar($character) }
            $credential = [pscredential]::new('somebody', $secure)
            """).Clean();

        Assert.Equal("Tv4qZ7-yranac", client.Session.Run($"({Send} {Reverse}{script[1..]}).Output").Clean().Single()!.ToString());
    }

    [Fact]
    public async Task Every_stream_and_the_console_are_kept()
    {
        await using BareClient client = await BareClient.WithPowerShellAsync();

        Outcome outcome = client.Session.Run($$"""
            {{Send}} {
                'out'; $null; [pscustomobject]@{ N = 1 }
                Write-Warning careful; Write-Verbose detail -Verbose; Write-Information news
                [Console]::WriteLine('to the console'); [Console]::Error.WriteLine('to its errors')
                Write-Error -Message broken -ErrorId MyId -Category InvalidData -TargetObject thing
                $null = & ([Environment]::ProcessPath) -NoProfile -Command 'exit 4'
            }
            """);

        PSObject? row = Assert.Single(outcome.Output);
        Assert.Equal(["out", null, "@{N=1}"], row.List("Output").Select(item => item?.ToString()));
        Assert.Equal("careful", Assert.IsType<WarningRecord>(Assert.Single(row.List("Warnings"))).Message);
        Assert.Equal("detail", Assert.IsType<VerboseRecord>(Assert.Single(row.List("Verbose"))).Message);
        Assert.Equal("news", Assert.IsType<InformationRecord>(Assert.Single(row.List("Information"))).MessageData.ToString());
        var error = Assert.IsType<ErrorRecord>(Assert.Single(row.List("Errors")));
        Assert.Equal(("broken", ErrorCategory.InvalidData, "thing"), (error.Exception.Message, error.CategoryInfo.Category, error.TargetObject.ToString()));
        Assert.Equal(("to the console", "to its errors"), (row.Text("StandardOutput").Trim(), row.Text("StandardError").Trim()));
        Assert.Equal(("Failed", "4"), (row.Text("Status"), row.Text("ExitCode")));
    }

    [Fact]
    public async Task A_script_that_throws_is_a_failed_row_with_what_it_wrote_before()
    {
        await using BareClient client = await BareClient.WithPowerShellAsync();
        Outcome outcome = client.Session.Run($"{Send} {{ 'before'; throw 'the disk is full' }}");
        Assert.Equal(["before"], outcome.Output.Single().List("Output").Select(item => item!.ToString()));
        Assert.Contains("the disk is full", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_beyond_the_limit_is_left_out_and_said_so()
    {
        await using BareClient client = await BareClient.WithPowerShellAsync();
        Outcome outcome = client.Session.Run($"{Send} {{ 'small'; 'x' * 10MB; 'after' }}");
        Assert.Equal(["small"], outcome.Output.Single().List("Output").Select(item => item!.ToString()));
        Assert.Equal("True", Assert.Single(outcome.Texts("Truncated")));
    }

    [Fact]
    public async Task Records_and_the_console_come_live_one_by_one()
    {
        await using BareClient client = await BareClient.WithPowerShellAsync();
        string go = Path.Combine(client.Session.Root, "go");
        client.Session.Set("go", go);

        using Running running = client.Session.Start(
            "Send-PantryCommand -All -Live { 'first'; Write-Warning careful; [Console]::WriteLine('to the console'); 'x' * 50KB; while (-not (Test-Path $using:go)) { Start-Sleep -Milliseconds 20 }; 'last' }");
        Assert.True(SpinWait.SpinUntil(() => running.Output.Count == 4, Session.Deadline));
        Assert.Equal(["careful", "first", "to the console"], running.Output.Take(4).Select(item => item.Text("Text")).Where(text => text.Length < 100).Order());
        Assert.Contains(running.Output.Take(4), item => item.Text("Text").Length == 50 * 1024);
        File.WriteAllText(go, "");
        Outcome outcome = running.Wait(Session.Deadline);

        outcome.Clean();
        Assert.Equal("last", outcome.Output[^2].Text("Text"));
        Assert.Equal(["first", "last"], outcome.Output[^1].List("Output").Select(item => item!.ToString()).Where(text => text!.Length < 100));
        Assert.Equal("to the console\n", outcome.Output[^1].Text("StandardOutput").ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task A_script_that_ends_its_process_is_a_failed_row()
    {
        await using BareClient client = await BareClient.WithPowerShellAsync();
        Outcome outcome = client.Session.Run($"{Send} {{ [Environment]::Exit(5) }}");
        Assert.Equal(["PowerShellFailed"], outcome.ErrorIds);
        Assert.Equal("5", Assert.Single(outcome.Texts("ExitCode")));
    }

    [Fact]
    public async Task A_script_that_takes_too_long_is_ended_with_its_process()
    {
        await using BareClient client = await BareClient.WithPowerShellAsync();
        string mark = Path.Combine(client.Session.Root, "process");
        client.Session.Set("mark", mark);
        Outcome outcome = client.Session.Run($"{Send} {{ [IO.File]::WriteAllText($using:mark, $PID); Start-Sleep 600 }} -Timeout 5");
        Assert.Equal(["TimedOut"], outcome.Texts("Status"));
        Assert.Throws<ArgumentException>(() => Process.GetProcessById(int.Parse(File.ReadAllText(mark), null)));
    }

    /// <summary>A session with a server, and one client of it in a process without PowerShell.</summary>
    private sealed class BareClient : IAsyncDisposable
    {
        private readonly Process _process;

        private BareClient(Session session, Process process)
        {
            Session = session;
            _process = process;
        }

        public Session Session { get; }

        public static Task<BareClient> WithPowerShellAsync()
        {
            Assert.SkipUnless(Places.HasPowerShell, "There is no pwsh on the PATH.");
            return StartAsync(Environment.GetEnvironmentVariable("PATH")!);
        }

        public static async Task<BareClient> StartAsync(string path)
        {
            Session session = Session.WithFleet();
            string enrolment = Path.Combine(session.Root, "bare.enrollment");
            session.Run("$null = New-PantryEnrollment bare -Application shop -OutFile \"$root/bare.enrollment\"").Clean();
            var start = new ProcessStartInfo(Environment.ProcessPath is { } runner && Path.GetFileNameWithoutExtension(runner) == "dotnet" ? runner : "dotnet",
                [Places.TestHost, "client", enrolment, Path.Combine(session.Root, "bare")])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            };
            start.Environment["PATH"] = path;
            Process process = Process.Start(start)!;
            Assert.Equal("ready", await process.StandardOutput.ReadLineAsync().WaitAsync(Session.Deadline));
            return new BareClient(session, process);
        }

        public async ValueTask DisposeAsync()
        {
            _process.StandardInput.Close();
            using var deadline = new CancellationTokenSource(Session.Deadline);
            await _process.WaitForExitAsync(deadline.Token);
            _process.Dispose();
            Session.Dispose();
        }
    }
}
