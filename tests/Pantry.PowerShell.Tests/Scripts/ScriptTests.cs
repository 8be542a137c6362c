using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Scripts;

public sealed class ScriptTests
{
    [Theory]
    [InlineData("$x = 5", "{ $using:x }", "5")]
    [InlineData("$x = 5", "{ $Using:X }", "5")]
    [InlineData("$x = [pscustomobject]@{ a = [pscustomobject]@{ b = 'deep' } }", "{ $using:x.a.b }", "deep")]
    [InlineData("$x = @{ list = 1, 2, 3 }", "{ $using:x.list[1] }", "2")]
    [InlineData("$x = @{ A = 'upper'; B = 'b' }", "{ $using:x['A'] }", "upper")]
    [InlineData("$x = 'in'", "{ & { & { $using:x } } }", "in")]
    [InlineData("$x = 'in'", "{ \"<$using:x>\" }", "<in>")]
    [InlineData("$x = 'in'", "{ \"<$($using:x)>\" }", "<in>")]
    [InlineData("$x = 1, 2, 3", "{ ($using:x).Count }", "3")]
    [InlineData("$x = @{ k = 'v' }", "{ ($using:x)['k'] }", "v")]
    [InlineData("$x = 5", "{ param($y) $using:x + $y } -ArgumentList 2", "7")]
    [InlineData("${odd name} = 'odd'", "{ ${using:odd name} }", "odd")]
    [InlineData("$x = [datetime]'2026-01-02'", "{ ($using:x).Year }", "2026")]
    [InlineData("$x = { 'block' }", "{ \"$using:x\".Trim() }", "'block'")]
    [InlineData("$x = $null", "{ $null -eq $using:x }", "True")]
    public void Values_of_the_session_come_along_with_using(string before, string script, string expected)
    {
        using Session session = Session.WithFleet("one shop");
        Assert.Equal(expected, session.Run($"{before}; (Send-PantryCommand -All -ScriptBlock {script}).Output").Clean().Single()!.ToString());
    }

    [Fact]
    public void Using_sees_the_scope_of_the_function_that_sends()
    {
        using Session session = Session.WithFleet("one shop");
        Assert.Equal("local", session.Run("$x = 'global'; function f { $x = 'local'; (Send-PantryCommand -All -ScriptBlock { $using:x }).Output }; f").Clean().Single()!.ToString());
        Assert.Equal("deep", session.Run("$x = @{ a = 'no' }; function g { $x = @{ a = 'deep' }; (Send-PantryCommand -All -ScriptBlock { $using:x.a }).Output }; g").Clean().Single()!.ToString());
    }

    [Fact]
    public void An_unknown_variable_is_an_error_and_nothing_is_sent()
    {
        using Session session = Session.WithFleet("one shop");
        Outcome outcome = session.Run("Send-PantryCommand -All -ScriptBlock { $using:nowhere }");
        Assert.Equal("InvalidArgument", outcome.ErrorId);
        Assert.Contains("nowhere", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_keep_their_types_and_their_wrapping_goes_unnoticed()
    {
        using Session session = Session.WithFleet("one shop");
        string[] types = session.Run("""
            $wrapped = [psobject]7 | ForEach-Object { $_ }
            (Send-PantryCommand -All -ArgumentList $wrapped, 'text', $null, @(1, 2), @{ a = 1 }, ([guid]::Empty), { 'block' } -ScriptBlock {
                foreach ($one in $args) { if ($null -eq $one) { 'null' } else { $one.GetType().Name } }
            }).Output
            """).Clean().Select(item => item!.ToString()).ToArray()!;
        Assert.Equal(["Int32", "String", "null", "ArrayList", "Hashtable", "Guid"], types[..6]);
    }

    [Fact]
    public void Every_stream_is_kept()
    {
        using Session session = Session.WithFleet("one shop");

        Outcome outcome = session.Run("""
            Send-PantryCommand -All -ScriptBlock {
                [CmdletBinding()] param()
                'out'
                $PSCmdlet.WriteWarning('careful')
                $VerbosePreference = 'Continue'; $PSCmdlet.WriteVerbose('detail')
                $PSCmdlet.WriteInformation('news', @('tag'))
                $PSCmdlet.WriteError([System.Management.Automation.ErrorRecord]::new([InvalidOperationException]::new('broken'), 'MyId', 'InvalidData', 'thing'))
                $null
                'last'
            }
            """);

        PSObject? row = Assert.Single(outcome.Output);
        Assert.Equal(["out", null, "last"], row.List("Output").Select(item => item?.ToString()));
        Assert.Equal("careful", Assert.IsType<WarningRecord>(Assert.Single(row.List("Warnings"))).Message);
        Assert.Equal("detail", Assert.IsType<VerboseRecord>(Assert.Single(row.List("Verbose"))).Message);
        Assert.Equal("news", Assert.IsType<InformationRecord>(Assert.Single(row.List("Information"))).MessageData.ToString());
        var error = Assert.IsType<ErrorRecord>(Assert.Single(row.List("Errors")));
        Assert.Equal(("broken", ErrorCategory.InvalidData, "thing"), (error.Exception.Message, error.CategoryInfo.Category, error.TargetObject.ToString()));
        Assert.StartsWith("MyId", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal("Failed", row.Text("Status"));
        Assert.Equal(["ScriptFailed"], outcome.ErrorIds);
    }

    [Fact]
    public void A_script_that_throws_is_a_failed_row_with_what_it_wrote_before()
    {
        using Session session = Session.WithFleet("one shop");

        Outcome outcome = session.Run("Send-PantryCommand -All -ScriptBlock { 'before'; throw 'the disk is full' }");

        PSObject? row = Assert.Single(outcome.Output);
        Assert.Equal("before", row.List("Output").Single()!.ToString());
        Assert.Contains("the disk is full", Assert.Single(outcome.Errors).Exception.Message, StringComparison.Ordinal);
        Assert.Equal("the disk is full", Assert.IsType<ErrorRecord>(Assert.Single(row.List("Errors"))).Exception.Message);
    }

    [Theory]
    [InlineData("{ this is no ( command }", "CommandNotFoundException")]
    [InlineData("{ [int]'x' }", "x")]
    [InlineData("{ [IO.File]::ReadAllText('/nowhere/at/all') }", "nowhere")]
    public void Whatever_goes_wrong_in_a_script_is_a_failed_row(string script, string said)
    {
        using Session session = Session.WithFleet("one shop");
        Outcome outcome = session.Run($"Send-PantryCommand -All -ScriptBlock {script}");
        if (outcome.Output.Count == 0)
            return; // The parser refused the line itself.
        Assert.Equal(["Failed"], outcome.Texts("Status"));
        Assert.Contains(said, outcome.Errors[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Objects_come_back_as_bags_of_properties()
    {
        using Session session = Session.WithFleet("one shop");
        PSObject?[] output = [.. session.Run("(Send-PantryCommand -All { [uri]'http://a/b'; [Diagnostics.Process]::GetCurrentProcess(); [pscustomobject]@{ N = 1 } }).Output").Clean()];
        Assert.Equal("Deserialized.System.Diagnostics.Process", output[1]!.TypeNames[0]);
        Assert.Equal(Environment.ProcessId, output[1].Value("Id"));
        Assert.Equal(1, output[2].Value("N"));
    }

    [Fact]
    public void Depth_says_how_many_levels_come_along()
    {
        using Session session = Session.WithFleet("one shop");
        const string Nested = "[Tuple]::Create([Tuple]::Create([Tuple]::Create('c')))";
        const string Deepest = "Item1.Item1.Item1";
        Assert.Equal("c", session.Run($"(Send-PantryCommand -All -Depth 4 {{ {Nested} }}).Output[0].{Deepest}").Clean().Single()!.ToString());
        Assert.Null(session.Run($"(Send-PantryCommand -All {{ {Nested} }}).Output[0].{Deepest}").Clean().SingleOrDefault());
        Assert.Equal("c", session.Run($"$n = {Nested}; (Send-PantryCommand -All -Depth 4 {{ ($using:n).{Deepest} }}).Output[0]").Clean().Single()!.ToString());
    }

    [Fact]
    public void A_hundred_thousand_objects_come_back()
    {
        using Session session = Session.WithFleet("one shop");
        Assert.Equal(100_000, session.Run("(Send-PantryCommand -All { 1..100000 }).Output.Count").Output.Single()!.BaseObject);
    }

    [Fact]
    public void Output_beyond_the_limit_is_left_out_and_said_so()
    {
        using Session session = Session.WithFleet("one shop");

        Outcome outcome = session.Run("Send-PantryCommand -All { 'small'; 'x' * 10MB; 'after' }");

        Assert.Equal("True", Assert.Single(outcome.Texts("Truncated")));
        Assert.Equal(["small"], outcome.Output[0].List("Output").Select(item => item!.ToString()));
        Assert.Contains("left out", Assert.Single(outcome.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void An_object_that_holds_itself_comes_back()
    {
        using Session session = Session.WithFleet("one shop");
        Assert.Equal(["Succeeded"], session.Run("Send-PantryCommand -All -Depth 8 { $a = @{}; $a.self = $a; $o = [pscustomobject]@{ o = $null }; $o.o = $o; $a; $o }").Texts("Status"));
    }

    [Fact]
    public void A_script_sees_and_changes_nothing_of_the_session_that_hosts_the_client()
    {
        using Session session = Session.WithFleet("one shop");
        Assert.Equal("True", session.Run("$secret = 1; (Send-PantryCommand -All { $null -eq $secret; $global:left = 1; $ErrorActionPreference = 'Stop' }).Output").Clean().Single()!.ToString());
        Assert.Null(session.Runspace.SessionStateProxy.GetVariable("left"));
    }

    [Fact]
    public void The_exit_code_of_a_program_in_a_script_is_kept()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "sh is no program there.");
        using Session session = Session.WithFleet("one shop");
        Assert.Equal("4", Assert.Single(session.Run("Send-PantryCommand -All { /bin/sh -c 'exit 4' }").Texts("ExitCode")));
    }

    [Fact]
    public void A_registered_command_runs_on_clients_registered_before_and_after()
    {
        using Session session = Session.WithFleet("before shop");
        session.Run("Register-PantryCommand Greet { param($Name, $Mark = '!') \"hello $Name$Mark\" }").Clean();
        session.Run("$null = Register-PantryClient -Identity after -Application shop").Clean();

        Assert.Equal(["hello x?", "hello x?"], session.Run("(Send-PantryCommand -All -Name greet -Argument @{ Name = 'x'; Mark = '?' }).Output").Clean().Select(item => item!.ToString()));
        Assert.Equal(["hello y!", "hello y!"], session.Run("(Send-PantryCommand -All -Name Greet -ArgumentList y).Output").Clean().Select(item => item!.ToString()));
        Assert.Equal("InvalidArgument", session.Run("Register-PantryCommand Shell { }").ErrorId);
    }
}
