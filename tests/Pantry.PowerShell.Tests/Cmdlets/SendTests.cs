using System.Diagnostics;
using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

public sealed class SendTests(ITestOutputHelper log)
{
    [Fact]
    public void A_pipeline_of_clients_brings_one_result_for_each()
    {
        using Session session = Session.WithFleet("web1 shop live web", "web2 shop live web", "mx1 mail live mx");

        Outcome outcome = session.Run(
            "Get-PantryClient -Application shop | Where-Object { $_.Facts.ProcessorCount -ge 1 } | Send-PantryCommand -ShellCommand 'hostname'");

        outcome.Clean();
        Assert.Equal(["web1", "web2"], outcome.Texts("Client").Order());
        Assert.All(outcome.Output, result => Assert.Equal(Environment.MachineName, result.List("Output").Single()));
    }

    [Fact]
    public void Three_hundred_piped_clients_are_one_order()
    {
        using Session session = Session.WithFleet();
        session.Run("$all = 1..300 | ForEach-Object { New-PantryEnrollment \"host$_\" -Application shop } | Register-PantryClient -Path { \"$root/clients/$($_.Identity)\" }").Clean();
        session.Run("$null = Test-PantryClient -All").Clean();

        session.Run("$before = $server.Statistics").Clean();
        long begun = Stopwatch.GetTimestamp();
        Outcome outcome = session.Run("$all | Send-PantryCommand -Name Ping");
        TimeSpan many = Stopwatch.GetElapsedTime(begun);

        Assert.Equal(300, outcome.Clean().Count);
        Assert.All(outcome.Texts("Status"), status => Assert.Equal("Succeeded", status));
        Assert.Equal(1L, Assert.Single(session.Run("$server.Statistics.OrdersPublished - $before.OrdersPublished").Clean())!.BaseObject);

        begun = Stopwatch.GetTimestamp();
        session.Run("$all[0] | Send-PantryCommand -Name Ping").Clean();
        TimeSpan one = Stopwatch.GetElapsedTime(begun);
        begun = Stopwatch.GetTimestamp();
        session.Run("Remove-Module Pantry").Clean();
        log.WriteLine($"300 clients: {many.TotalMilliseconds:0} ms; 1 client: {one.TotalMilliseconds:0} ms; stopping all: {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:0} ms");
    }

    [Fact]
    public void Without_a_target_nothing_is_sent()
    {
        using Session session = Session.WithFleet("one shop");
        Assert.Equal("NoTarget", session.Run("Send-PantryCommand -Name Ping").ErrorId);
        Assert.Equal("NoTarget", session.Run("Get-PantryClient nobody* | Send-PantryCommand -Name Ping").ErrorId);
        Assert.Equal("NoTarget", session.Run("Send-PantryCommand -Name Ping -Client @()").ErrorId);
        Assert.Equal("NoTarget", session.Run("Send-PantryCommand -Name Ping -Client $null").ErrorId);
        Assert.StartsWith("-Client was empty, so nothing was sent.", session.Run("Send-PantryCommand -Name Ping -Client @()").Message, StringComparison.Ordinal);
        Assert.StartsWith("The pipeline brought no client", session.Run("Get-PantryClient nobody* | Send-PantryCommand -Name Ping").Message, StringComparison.Ordinal);
        Outcome pattern = session.Run("Send-PantryCommand -Name Ping -Client one, 'o*'");
        Assert.Equal("InvalidArgument", pattern.ErrorId);
        Assert.Contains("'o*' has wildcards", pattern.Message, StringComparison.Ordinal);
        Assert.Contains("Get-PantryClient 'o*' | Send-PantryCommand", pattern.Message, StringComparison.Ordinal);
        Assert.Equal("InvalidArgument", session.Run("Send-PantryCommand -Name Ping -Client one -All").ErrorId);
        Assert.Equal("NoMatchingClient", session.Run("Send-PantryCommand -Name Ping -Stream mail").ErrorId);
        Assert.Equal(0L, session.Run("$server.Statistics.OrdersPublished").Clean().Single()!.BaseObject);
    }

    [Fact]
    public void Unknown_clients_are_rows_and_errors()
    {
        using Session session = Session.WithFleet("one shop");

        Outcome outcome = session.Run("Send-PantryCommand -Client one, nobody, one -Name Ping");

        Assert.Equal([("nobody", "Unknown"), ("one", "Succeeded")], outcome.Output.Select(row => (row.Text("Client"), row.Text("Status"))).Order());
        ErrorRecord error = Assert.Single(outcome.Errors);
        Assert.StartsWith("UnknownClient,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(ErrorCategory.ObjectNotFound, error.CategoryInfo.Category);
        Assert.Equal("nobody", PSObject.AsPSObject(error.TargetObject).Text("Client"));
    }

    [Fact]
    public void Streams_labels_and_all_reach_whom_they_name()
    {
        using Session session = Session.WithFleet("web1 shop live web", "web2 shop test web", "mx1 mail live mx");
        Assert.Equal(["web1", "web2"], session.Run("Send-PantryCommand -Name Ping -Stream shop").Texts("Client").Order());
        Assert.Equal(["web1"], session.Run("Send-PantryCommand -Name Ping -Stream shop.live.web").Texts("Client"));
        Assert.Equal(["mx1", "web1"], session.Run("Send-PantryCommand -Name Ping -Environment live").Texts("Client").Order());
        Assert.Equal(["web1"], session.Run("Send-PantryCommand -Name Ping -Environment live -Role web").Texts("Client"));
        Assert.Equal(3, session.Run("Send-PantryCommand -Name Ping -All").Clean().Count);
        Assert.Equal(["web2"], session.Run("'web2' | Send-PantryCommand -Name Ping").Texts("Client"));
        Assert.Equal(["web1"], session.Run("[pscustomobject]@{ Identity = 'web1' } | Send-PantryCommand -Name Ping").Texts("Client"));
        Assert.Equal(["web1"], session.Run("Send-PantryCommand -Name Ping -Client web1 | Send-PantryCommand -Name Ping").Texts("Client"));
    }

    [Fact]
    public void A_shell_command_that_fails_is_a_row_with_its_exit_code_and_an_error()
    {
        using Session session = Session.WithFleet("one shop");

        Outcome outcome = session.Run("Send-PantryCommand -All -ShellCommand 'echo out; echo err 1>&2; exit 3'");

        PSObject? row = Assert.Single(outcome.Output);
        Assert.Equal(("Failed", "3"), (row.Text("Status"), row.Text("ExitCode")));
        Assert.Equal(("out\n", "err\n"), (row.Text("StandardOutput").ReplaceLineEndings("\n"), row.Text("StandardError").ReplaceLineEndings("\n")));
        Assert.Equal(["NonZeroExitCode"], outcome.ErrorIds);
    }

    [Fact]
    public void A_program_gets_its_arguments_as_they_are()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "printf is no program there.");
        using Session session = Session.WithFleet("one shop");
        PSObject? row = Assert.Single(session.Run("Send-PantryCommand -All -ShellCommand printf -ArgumentList '%s|', 'a b', '$HOME; exit 1', 7 -WorkingDirectory /").Clean());
        Assert.Equal("a b|$HOME; exit 1|7|", row.Text("StandardOutput"));
    }

    [Fact]
    public void Output_that_is_no_UTF_8_is_kept_as_bytes_and_shown_all_the_same()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "printf is no program there.");
        using Session session = Session.WithFleet("one shop");
        PSObject? row = Assert.Single(session.Run(@"Send-PantryCommand -All -ShellCommand 'printf ""\344\n""'").Clean());
        Assert.Equal([0xe4, 0x0a], (byte[])row.Value("StandardOutputBytes")!);
        Assert.Equal("ä", row.List("Output").Single());
    }

    [Fact]
    public void Pantrys_own_commands_take_and_bring_what_belongs_to_them()
    {
        using Session session = Session.WithFleet("one shop");
        Assert.Equal("hällo", session.Run("(Send-PantryCommand -All -Name echo -Argument @{ Message = 'hällo' }).Output").Clean().Single()!.BaseObject);
        Assert.Equal("Pantry.ClientFacts", session.Run("(Send-PantryCommand -All -Name Facts).Output[0].GetType().FullName").Clean().Single()!.BaseObject);
        Assert.Equal(["UnknownCommand"], session.Run("Send-PantryCommand -All -Name Nonsense").ErrorIds);
        Assert.Equal("InvalidArgument", session.Run("Send-PantryCommand -All -Name Script").ErrorId);
    }

    [Fact]
    public void A_command_that_takes_too_long_is_stopped_and_says_so()
    {
        using Session session = Session.WithFleet("one shop");
        Outcome outcome = session.Run("Send-PantryCommand -All -Timeout 1 -ScriptBlock { while ($true) { $null = [Threading.Tasks.Task]::Delay(20).Wait(20) } }");
        Assert.Equal(["TimedOut"], outcome.Texts("Status"));
        Assert.Equal(["RunTimedOut"], outcome.ErrorIds);
        Assert.Equal(ErrorCategory.OperationTimeout, outcome.Errors[0].CategoryInfo.Category);
    }

    [Fact]
    public void Once_too_many_failed_no_further_client_is_started()
    {
        using Session session = Session.WithFleet("a shop", "b shop", "c shop", "d shop");
        Outcome outcome = session.Run("Send-PantryCommand -All -ShellCommand 'exit 1' -BatchSize 1 -MaxFailure 1");
        Assert.Equal(["Cancelled", "Cancelled", "Failed", "Failed"], outcome.Texts("Status").Order());
    }

    [Fact]
    public void A_client_runs_only_what_it_allows()
    {
        using Session session = Session.WithFleet();
        session.Run("$null = Register-PantryClient -Identity careful -Application shop -AllowedCommand Ping").Clean();
        Outcome outcome = session.Run("Send-PantryCommand -All -ShellCommand 'hostname'");
        Assert.Equal(["Denied"], outcome.Texts("Status"));
        Assert.Equal(ErrorCategory.PermissionDenied, outcome.Errors[0].CategoryInfo.Category);
    }

    [Fact]
    public void WhatIf_sends_nothing()
    {
        using Session session = Session.WithFleet("one shop", "two shop");
        Assert.Empty(session.Run("Send-PantryCommand -Stream shop -ShellCommand 'hostname' -WhatIf").Clean());
        Assert.Empty(session.Run("$WhatIfPreference = $true; Send-PantryCommand -All -ShellCommand 'hostname'; $WhatIfPreference = $false").Clean());
        Assert.Equal(0L, session.Run("$server.Statistics.OrdersPublished").Clean().Single()!.BaseObject);
    }

    [Fact]
    public void Without_a_server_or_connection_the_error_says_what_to_do()
    {
        using Session session = Session.Open();
        Outcome outcome = session.Run("Get-PantryClient");
        Assert.Equal("NotConnected", outcome.ErrorId);
        Assert.Contains("Connect-PantryServer", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stopping_the_pipeline_returns_at_once_and_cancels_the_command()
    {
        using Session session = Session.WithFleet("one shop");
        string mark = Path.Combine(session.Root, "ran");
        session.Set("mark", mark);
        using Running running = session.Start("Send-PantryCommand -All -ScriptBlock { [IO.File]::WriteAllText($using:mark, ''); try { while ($true) { $null = [Threading.Tasks.Task]::Delay(20).Wait(20) } } finally { [IO.File]::Delete($using:mark) } }");
        Assert.True(SpinWait.SpinUntil(() => File.Exists(mark), Session.Deadline));

        long begun = Stopwatch.GetTimestamp();
        running.Stop();

        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.True(SpinWait.SpinUntil(() => !File.Exists(mark), Session.Deadline), "The command still runs on the client.");
    }

    [Fact]
    public void A_session_that_wants_to_be_asked_is_asked_before_anything_is_sent()
    {
        using Session session = Session.WithFleet("one shop");

        // This session has nobody to ask, so asking is an error.
        Assert.NotNull(session.Run("$ConfirmPreference = 'Medium'; Send-PantryCommand -All -Name Ping").ErrorId);
        Assert.Equal(0L, session.Run("$server.Statistics.OrdersPublished").Clean().Single()!.BaseObject);
        Assert.Single(session.Run("Send-PantryCommand -All -Name Ping -Confirm:$false").Clean());
    }

    [Fact]
    public void A_second_runspace_connects_and_works_as_the_first()
    {
        using Session here = Session.WithFleet("one shop", "two shop");
        int port = (int)here.Run("$server.ReceivePort").Clean().Single()!.BaseObject;
        using Session there = Session.Open();

        PSObject? made = there.Run($"($s = {here.Connecting()})").Clean().Single();
        Assert.Equal(($"127.0.0.1:{port}", "console"), (made.Text("Server"), made.Text("Operator")));
        Assert.Equal(["one", "two"], there.Run("Get-PantryClient").Texts("Identity"));
        Assert.Equal([Environment.MachineName, Environment.MachineName],
            there.Run("(Get-PantryClient | Send-PantryCommand -ScriptBlock { [Environment]::MachineName }).Output").Clean().Select(item => item!.ToString()));
        Assert.Equal(["three"], there.Run("New-PantryEnrollment three -Application shop | Register-PantryClient").Texts("Identity"));
        Assert.Equal(["one", "three", "two"], here.Run("Get-PantryClient").Texts("Identity"));
        Assert.Equal(["NoMatchingClient"], there.Run("Unregister-PantryClient nobody -Session $s").ErrorIds);

        there.Run("Disconnect-PantryServer").Clean();
        Assert.Equal("NotConnected", there.Run("Get-PantryClient").ErrorId);
        Assert.Equal("Stopped", there.Run("Get-PantryClient -Session $s").ErrorId);
    }

    [Fact]
    public void Another_address_can_take_the_place_of_the_operator_files()
    {
        using Session here = Session.WithFleet();
        int port = (int)here.Run("$server.ReceivePort").Clean().Single()!.BaseObject;
        string connect = here.Connecting();
        Assert.Equal($"localhost:{port}", here.Run($"{connect} -Server localhost").Clean().Single().Text("Server"));
        Assert.Equal("ServerUnreachable", here.Run($"{connect} -Server 127.0.0.1:1").ErrorId);
    }

    [Fact]
    public void An_address_without_an_operator_file_is_an_error_that_says_what_is_needed()
    {
        using Session session = Session.Open();
        Outcome outcome = session.Run("Connect-PantryServer localhost");
        Assert.Equal("InvalidArgument", outcome.ErrorId);
        Assert.Contains("-OperatorFile", outcome.Message, StringComparison.Ordinal);
        Assert.Equal("InvalidKey", session.Run("Connect-PantryServer -OperatorFile \"$root/none\"").ErrorId);
    }
}
