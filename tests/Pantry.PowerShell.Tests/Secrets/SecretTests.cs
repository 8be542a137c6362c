using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Secrets;

/// <summary>Secrets as users give them, through a real server and a client hosted in PowerShell.</summary>
public sealed class SecretTests
{
    private const string Canary = "canary-7Zq4vT-Wx9";

    // What a script makes of a secure string, so that it is in no output as it stands.
    private const string Reverse = "function Reverse($s) { $c = [pscredential]::new('x', $s).GetNetworkCredential().Password.ToCharArray(); [array]::Reverse($c); -join $c }; ";

    private static readonly string Reversed = new([.. Canary.Reverse()]);

    [Theory]
    [InlineData("-Secret @{ API_KEY = $secure }", "printenv API_KEY | rev", "{0}")]
    [InlineData("-Secret @{ API_KEY = [Pantry.Secret]::new($secure) }", "printenv API_KEY | rev", "{0}")]
    [InlineData("-Secret @{ DB = $credential }", "printenv DB_USERNAME; printenv DB_PASSWORD | rev", "somebody {0}")]
    [InlineData("-Secret @{ A = $secure; B = $secure }", "echo $A$B | rev", "{0}{0}")]
    [InlineData("-Secret @{ API_USERNAME = $secure }", "printenv API_USERNAME", "********")]
    [InlineData("-ArgumentList DB_PASSWORD -Secret @{ DB = $credential }", "printenv", "********")]
    public void A_shell_command_has_them_in_its_environment(string secret, string command, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A POSIX shell is needed.");
        using Session session = Open("one shop");

        Outcome outcome = session.Run($"(Send-PantryCommand -All -ShellCommand '{command}' {secret}).Output -join ' '");

        Assert.Equal(string.Format(null, expected, Reversed), outcome.Clean().Single()!.ToString());
    }

    [Theory]
    [InlineData("{ <Reverse> Reverse $args[0] } -ArgumentList $secure")]
    [InlineData("{ <Reverse> Reverse $args[1] } -ArgumentList 'first', ([Pantry.Secret]::new($secure))")]
    [InlineData("{ param([pscredential] $c) <Reverse> if ($c.UserName -eq 'somebody') { Reverse $c.Password } } -ArgumentList $credential")]
    [InlineData("{ <Reverse> Reverse $using:secure }")]
    [InlineData("{ <Reverse> Reverse $using:credential.Password }")]
    [InlineData("{ <Reverse> & { Reverse ($using:credential).Password } }")]
    [InlineData("{ <Reverse> Reverse $ApiKey } -Secret @{ ApiKey = $secure }")]
    [InlineData("{ <Reverse> Reverse $Db.Password } -Secret @{ Db = $credential }")]
    [InlineData("{ <Reverse> Reverse $b; if ($a.Length + $args[0].Length + ($using:secure).Length -ne 51) { 'wrong' } } -Secret @{ a = $secure; b = $secure } -ArgumentList $secure, 2")]
    public void A_script_has_them_as_what_they_were(string script)
    {
        using Session session = Open("one shop");

        Outcome outcome = session.Run($"(Send-PantryCommand -All -ScriptBlock {script.Replace("<Reverse>", Reverse, StringComparison.Ordinal)}).Output");

        Assert.Equal(Reversed, outcome.Clean().Single()!.ToString());
    }

    [Fact]
    public void A_registered_command_has_them_as_arguments_and_as_variables()
    {
        using Session session = Open("one shop");
        session.Run($$"""Register-PantryCommand Login { param([pscredential] $Credential, $Key) {{Reverse}} "$($Credential.UserName) $(Reverse $Credential.Password) $(Reverse $Key) $(Reverse $Token)" }""").Clean();

        Outcome outcome = session.Run("(Send-PantryCommand -All -Name Login -Argument @{ Credential = $credential; Key = $secure } -Secret @{ Token = $secure }).Output");

        Assert.Equal($"somebody {Reversed} {Reversed} {Reversed}", outcome.Clean().Single()!.ToString());
    }

    [Theory]
    [InlineData("-ShellCommand true -Secret @{ A = 'text' }", "Read-Host -AsSecureString")]
    [InlineData("-ScriptBlock { } -Secret @{ A = 'text' }", "Read-Host -AsSecureString")]
    [InlineData("-ShellCommand true -Secret @{ A = $null }", "Read-Host -AsSecureString")]
    [InlineData("-ShellCommand true -Secret @{ 'a b' = $secure }", "digits and underscores")]
    [InlineData("-ScriptBlock { } -Secret @{ 'a-b' = $secure }", "digits and underscores")]
    [InlineData("-ScriptBlock { } -Secret @{ HOME = $secure }", "variable of PowerShell's own")]
    [InlineData("-ScriptBlock { } -Secret @{ args = $secure }", "variable of PowerShell's own")]
    [InlineData("-ShellCommand true -Secret @{ LD_PRELOAD = $secure }", "reserved")]
    [InlineData("-ShellCommand true -Secret @{ A = $credential; A_PASSWORD = $secure }", "A_PASSWORD")]
    [InlineData("-ShellCommand true -Secret @{ A_USERNAME = $secure; A_PASSWORD = $secure }", "one PSCredential named 'A'")]
    [InlineData("-ShellCommand echo -ArgumentList $secure", "Command lines are readable")]
    [InlineData("-ShellCommand echo -ArgumentList $credential", "Command lines are readable")]
    [InlineData("-Name Echo -Argument @{ Message = $secure }", "Command lines are readable")]
    [InlineData("-Name Ping -Secret @{ A = $secure }", "uses no secrets")]
    [InlineData("-ScriptBlock { } -ArgumentList @{ inner = $secure }", "inside another value")]
    [InlineData("-ScriptBlock { } -ArgumentList @(, @($secure))", "inside another value")]
    [InlineData("-ScriptBlock { } -ArgumentList ([pscustomobject]@{ inner = $credential })", "inside another value")]
    [InlineData("-ScriptBlock { } -ArgumentList $credential.GetNetworkCredential()", "inside another value")]
    [InlineData("-ScriptBlock { $using:table } ", "inside another value")]
    [InlineData("-ScriptBlock { } -Depth 8 -ArgumentList @{ a = @{ b = @{ c = ([Pantry.Secret]::new($secure)) } } }", "inside another value")]
    [InlineData("-ScriptBlock { } -RunAs a -Credential $credential", "Both -RunAs and -Credential")]
    public void What_would_show_a_secret_is_refused_and_nothing_is_sent(string arguments, string said)
    {
        using Session session = Open("one shop");
        session.Run("$table = @{ inner = $secure }").Clean();

        Outcome outcome = session.Run($"Send-PantryCommand -All {arguments}");

        Assert.Equal("InvalidArgument", outcome.ErrorId);
        Assert.Contains(said, outcome.Message, StringComparison.Ordinal);
        Assert.Equal(0L, session.Run("$server.Statistics.OrdersPublished + $server.Statistics.OrdersSentDirectly").Clean().Single()!.BaseObject);
    }

    [Fact]
    public void Text_that_looks_like_a_written_secret_is_text()
    {
        using Session session = Open("one shop");
        Assert.Equal("<SS><T>Pantry.Secret<", session.Run("(Send-PantryCommand -All -ScriptBlock { $args[0].inner } -ArgumentList @{ inner = '<SS><T>Pantry.Secret<' }).Output").Clean().Single()!.ToString());
    }

    [Fact]
    public void Nothing_that_a_user_sees_of_an_order_shows_its_secrets()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A POSIX shell is needed.");
        using Session session = Open("one shop");
        session.Run("$all = @{ Secret = @{ API_KEY = $secure; DB = $credential } }").Clean();

        // Every property, three levels deep, but for the secure strings that the user's own variables hold.
        Outcome outcome = session.Run("""
            $lines = @(
                Send-PantryCommand -All -ShellCommand 'exit 1' @all -Verbose -WhatIf *>&1
                Send-PantryCommand -All -ShellCommand 'exit 1' @all -Verbose *>&1
                Send-PantryCommand -All -ScriptBlock { throw "bad: $($API_KEY.Length)" } @all -ArgumentList $secure, $credential -Verbose *>&1
                Send-PantryCommand -All -ScriptBlock { Import-Module $args[0] -ErrorAction Stop } -ArgumentList $secure -Verbose *>&1
                Send-PantryCommand -All -ScriptBlock { [int]$args[0] } -ArgumentList $credential -Verbose *>&1
                $job = Send-PantryCommand -All -ShellCommand 'exit 2' @all -AsJob
                Wait-Job $job -Timeout 30
                $job; $job.ChildJobs; $job.Command; $job.Name; $job.StatusMessage
                Receive-Job $job *>&1
                $all.Secret
                $server; $server.Statistics
                $Error
            )
            foreach ($line in $lines) { "$line"; [Management.Automation.PSSerializer]::Serialize($line, 3) -replace '(?s)<SS.*?</SS>' }
            """);

        string all = string.Join('\n', outcome.Output);
        Assert.Contains("API_KEY, DB", all, StringComparison.Ordinal);
        foreach (string shown in (string[])["Performing the operation", "NonZeroExitCode", "ScriptFailed", "PantryJob", "SecureString"])
            Assert.Contains(shown, all, StringComparison.Ordinal);
        foreach (string trace in (string[])[Canary, Convert.ToHexStringLower(System.Text.Encoding.Unicode.GetBytes(Canary)), Convert.ToHexString(System.Text.Encoding.Unicode.GetBytes(Canary))])
            Assert.True(all.IndexOf(trace, StringComparison.OrdinalIgnoreCase) is var at && at < 0, at < 0 ? "" : $"In: {all[Math.Max(0, at - 400)..Math.Min(all.Length, at + 100)]}");
    }

    [Fact]
    public void A_secret_lies_in_no_file_of_the_server_or_its_client()
    {
        using Session session = Open();
        session.Run("$null = New-PantryEnrollment one -Application shop | Register-PantryClient -Path $root/client").Clean();
        session.Run("$null = Send-PantryCommand -All -ScriptBlock { $args.Count } -ArgumentList $secure, $credential -Secret @{ Key = $secure }").Clean();

        string[] files = [.. Directory.GetFiles(session.Root, "*", SearchOption.AllDirectories).Where(file => new FileInfo(file).Length > 0)];

        Assert.Contains(files, file => Path.GetFileName(file) == "journal.db");
        foreach (string file in files)
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            foreach (System.Text.Encoding encoding in (System.Text.Encoding[])[System.Text.Encoding.UTF8, System.Text.Encoding.Unicode])
                Assert.True(copy.ToArray().AsSpan().IndexOf(encoding.GetBytes(Canary)) < 0, file);
        }
    }

    private static Session Open(params string[] clients)
    {
        Session session = Session.WithFleet(clients);
        session.Run($"""
            $secure = [securestring]::new(); foreach ($character in '{Canary}'.ToCharArray()) {'{'} $secure.AppendChar($character) {'}'}
            $credential = [pscredential]::new('somebody', $secure)
            """).Clean();
        return session;
    }
}
