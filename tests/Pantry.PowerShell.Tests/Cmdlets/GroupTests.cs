using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

/// <summary>Results folded.</summary>
public sealed class GroupTests
{
    private const string Results = """
        function New-Result([string] $Client, $Text, $ErrorText = '', $Exit = 0, $Output, $Status = 'Succeeded', $Code) {
            [Pantry.CommandResult]@{ Client = $Client; JobId = 'j'; Status = $Status; ExitCode = $Exit; StandardOutput = $Text; StandardError = $ErrorText
                Output = $(if ($null -ne $Output) { , $Output } else { , @("$Text".TrimEnd() -split "`n") }); Error = $(if ($Code) { [Pantry.CommandError]::new($Code, "$Client was seen at $(Get-Random)") }) }
        }
        """;

    [Fact]
    public void Equal_results_are_one_group_and_the_largest_comes_first()
    {
        using Session session = Session.Open();
        session.Run(Results).Clean();

        Outcome groups = session.Run("""
            (New-Result b "a`nb"), (New-Result odd "a`nc"), (New-Result a "a`nb`n`n"), (New-Result c "a  `r`nb"), (New-Result bad "a`nb" -Exit 1 -Status Failed) | Group-PantryResult
            """);

        groups.Clean();
        Assert.Equal(["3", "1", "1"], groups.Texts("Count"));
        Assert.Equal(["a b c", "odd", "bad"], groups.Texts("Clients"));
        Assert.Equal(["0", "0", "1"], groups.Texts("ExitCode"));
        Assert.Equal("a\nb", groups.Output[0].Text("Output"));
        Assert.Null(groups.Output[0].Value("Difference"));
        Assert.Equal(["b", "odd", "bad"], session.Run("$input = $null; (New-Result b 1), (New-Result odd 2), (New-Result a 1), (New-Result bad 3) | Group-PantryResult").Output.Select(group => PSObject.AsPSObject(group.Value("Sample")!).Text("Client")));
    }

    [Fact]
    public void The_difference_says_which_lines_are_others()
    {
        using Session session = Session.Open();
        session.Run(Results).Clean();

        Outcome groups = session.Run("""
            $most = @(1..3 | ForEach-Object { New-Result "same$_" "one`ntwo`nthree`nfour" })
            $most + (New-Result other "one`n2`nthree`nfour`nfive") | Group-PantryResult -Difference
            """);

        Assert.Empty((IEnumerable<string>)groups.Output[0].Value("Difference")!);
        Assert.Equal(["- two", "+ 2", "+ five"], (IEnumerable<string>)groups.Output[1].Value("Difference")!);
    }

    [Fact]
    public void Objects_are_compared_by_what_is_seen_of_them()
    {
        using Session session = Session.Open();
        session.Run(Results).Clean();

        Outcome groups = session.Run("""
            (New-Result a '' -Output @([pscustomobject]@{ Name = 'x'; State = 'on' }, 1)), (New-Result b '' -Output @([pscustomobject]@{ Name = 'x'; State = 'on' }, 1)),
                (New-Result c '' -Output @([pscustomobject]@{ Name = 'x'; State = 'off' }, 1)) | Group-PantryResult -Difference
            """);

        Assert.Equal(["a b", "c"], groups.Texts("Clients"));
        Assert.Equal("Name: x\nState: on\n1", groups.Output[0].Text("Output"));
        Assert.Equal(["- State: on", "+ State: off"], (IEnumerable<string>)groups.Output[1].Value("Difference")!);
    }

    [Fact]
    public void Clients_that_are_away_are_one_group_whenever_they_were_seen()
    {
        using Session session = Session.Open();
        session.Run(Results.Replace("$(Get-Random)", "$([guid]::NewGuid())", StringComparison.Ordinal)).Clean();

        Outcome groups = session.Run("(New-Result a '' -Status Offline -Code ClientOffline), (New-Result b '' -Status Offline -Code ClientOffline), (New-Result c '' -Status Offline -Code WentOffline) | Group-PantryResult");

        Assert.Equal(["a b", "c"], groups.Texts("Clients"));
    }

    [Fact]
    public void Texts_too_long_to_be_compared_line_by_line_still_have_their_difference()
    {
        using Session session = Session.Open();
        session.Run(Results).Clean();

        Outcome groups = session.Run("""
            $long = { param($word) (1..3000 | ForEach-Object { "$word $_" }) -join "`n" }
            (New-Result a "first`n$(& $long left)`nlast"), (New-Result b "first`n$(& $long right)`nlast") | Group-PantryResult -Difference
            """);

        Assert.Equal(6000, ((IEnumerable<string>)groups.Output[1].Value("Difference")!).Count());
    }

    [Fact]
    public void Results_of_clients_are_folded()
    {
        using Session session = Session.WithFleet("one shop", "two shop", "three shop");

        Outcome groups = session.Run("Send-PantryCommand -Client one, two, three, nobody -ShellCommand 'echo hello' -ErrorAction Ignore | Group-PantryResult");

        Assert.Equal(["one three two", "nobody"], groups.Texts("Clients"));
        Assert.Equal(["Succeeded", "Unknown"], groups.Texts("Status"));
        Assert.Empty(session.Run("@() | Group-PantryResult").Clean());
    }
}
