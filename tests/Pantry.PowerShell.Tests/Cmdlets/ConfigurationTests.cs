using System.Management.Automation;
using System.Net;
using System.Text.Json;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

public sealed class ConfigurationTests
{
    [Fact]
    public void A_file_is_checked_as_a_whole_with_an_object_for_each_finding_and_a_summary()
    {
        using Session session = Session.Open();
        File.WriteAllText(Path.Combine(session.Root, "server.yaml"), "log_level: loud\nnetworking:\n  receive_prt: 1\n");

        IReadOnlyList<PSObject?> output = session.Run("Test-PantryConfiguration $root/server.yaml").Clean();

        Assert.Equal(["Error", "Error"], output.Take(2).Select(finding => finding.Text("Severity")));
        Assert.Equal(("3", "3", "networking.receive_prt"), (output[1].Text("Line"), output[1].Text("Column"), output[1].Text("Key")));
        Assert.Contains("Did you mean 'receive_port'?", output[1].Text("Message"), StringComparison.Ordinal);
        Assert.Equal(("False", "2", "Server"), (output[2].Text("IsValid"), output[2].Text("Errors"), output[2].Text("Kind")));
    }

    [Fact]
    public void A_files_name_says_whose_it_is_unless_the_kind_is_given()
    {
        using Session session = Session.Open();
        foreach (string name in (string[])["client", "operator", "other"])
        {
            string path = Path.Combine(session.Root, $"{name}.yaml");
            File.WriteAllText(path, "log_level: info\n");
            SetMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }


        Assert.Equal(
            ["Client True", "Operator False", "Server True"],
            session.Run("'client', 'operator', 'other' | ForEach-Object { \"$root/$_.yaml\" } | Test-PantryConfiguration | Where-Object { $_ -is [Pantry.ConfigurationSummary] } | ForEach-Object { \"$($_.Kind) $($_.IsValid)\" }").Clean().Select(line => line!.ToString()));
        Assert.Equal(["Client"], session.Run("Test-PantryConfiguration $root/other.yaml -Kind Client | Where-Object Kind").Texts("Kind"));
    }

    [Fact]
    public void A_server_with_errors_in_its_file_does_not_start_and_names_all_of_them()
    {
        using Session session = Session.Open();
        File.WriteAllText(Path.Combine(session.Root, "server.yaml"), "networking:\n  receive_port: x\n  security: none\n");

        Outcome outcome = session.Run("Start-PantryServer -ConfigurationFile $root/server.yaml -Path $root/server");

        Assert.Equal("InvalidConfiguration", outcome.ErrorId);
        Assert.Contains("server.yaml:2:17: 'networking.receive_port'", outcome.Message, StringComparison.Ordinal);
        Assert.Contains("server.yaml:3:13: 'networking.security' cannot be 'none'", outcome.Message, StringComparison.Ordinal);
        Assert.Empty(session.Run("Get-PantryServer").Clean());
    }

    [Fact]
    public void Server_and_client_log_to_the_file_that_their_configuration_names_and_no_secret_is_in_it()
    {
        const string Secret = "correct-horse-battery";
        using Session session = Session.Open();
        string log = Path.Combine(session.Root, "pantry.log");
        File.WriteAllText(Path.Combine(session.Root, "pantry.yaml"), $"""
            log_to: {JsonSerializer.Serialize(log)}
            log_level: trace
            logging: {"{ format: json }"}
            networking: {"{ server_host: 127.0.0.1, pub_sub_port: 0, receive_port: 0, file_service_port: 0 }"}
            """);
        session.Run("$server = Start-PantryServer -ConfigurationFile $root/pantry.yaml -Path $root/server").Clean();
        File.WriteAllText(Path.Combine(session.Root, "client.yaml"), File.ReadAllText(Path.Combine(session.Root, "pantry.yaml"))
            .Replace("pub_sub_port: 0", $"pub_sub_port: {session.Run("$server.PublishPort").Clean()[0]}", StringComparison.Ordinal)
            .Replace("receive_port: 0", $"receive_port: {session.Run("$server.ReceivePort").Clean()[0]}", StringComparison.Ordinal)
            + "\nclient: { identity: logged, application: shop }\n");
        session.Run("""
            $token = New-PantryEnrollmentToken logged -Application shop
            $null = Register-PantryClient -ConfigurationFile $root/client.yaml -ServerPublicKey $server.PublicKey -Token $token.Token -Path $root/client
            """).Clean();
        session.Set("secure", new NetworkCredential("", Secret).SecurePassword);
        Outcome sent = session.Run("Send-PantryCommand -Client logged -ShellCommand 'echo $API_KEY; exit 3' -Secret @{ API_KEY = $secure }");
        session.Run("Send-PantryCommand -Client logged { throw $Key } -Secret @{ Key = $secure }");
        Assert.Equal("NonZeroExitCode", sent.ErrorId);
        string job = Assert.Single(sent.Output).Text("JobId");
        Outcome denied = session.Run("Send-PantryCommand -Client logged -Name Nothing -Secret @{ API_KEY = $secure }");
        Assert.NotNull(denied.ErrorId);
        session.Run("Unregister-PantryClient logged -Confirm:$false; $server | Stop-PantryServer").Clean();

        JsonElement[] lines = [.. File.ReadAllLines(log).Select(line => JsonDocument.Parse(line).RootElement)];
        string[] sources = [.. lines.Select(line => line.GetProperty("source").GetString()!).Distinct().Order()];
        Assert.Contains("Pantry.Server", sources);
        Assert.Contains("Pantry.Client", sources);
        Assert.Contains(lines, line => line.TryGetProperty("client", out JsonElement client) && client.GetString() == "logged");
        foreach (string source in (string[])["Pantry.Server", "Pantry.Client"])
            Assert.Contains(lines, line => line.GetProperty("source").GetString() == source && line.TryGetProperty("job", out JsonElement id) && id.GetString() == job);
        string text = File.ReadAllText(log);
        Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
        Assert.DoesNotContain(session.Run("$token.Token").Clean()[0]!.ToString()!, text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_console_is_not_logged_to()
    {
        using Session session = Session.Open();
        File.WriteAllText(Path.Combine(session.Root, "server.yaml"), "log_to: stdout\n");

        Outcome outcome = session.Run("$null = Start-PantryServer -ConfigurationFile $root/server.yaml -Path $root/server -PublishPort 0 -ReceivePort 0 -FilePort 0");

        Assert.Contains(outcome.Warnings, warning => warning.Contains("log_to says stdout", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_first_cmdlet_that_needs_a_server_connects_by_the_users_own_defaults()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There the directory is the user's profile, which a test has no business in.");
        using Session session = Session.WithFleet("web1 shop", "web2 shop");
        session.Connecting("mary");
        string home = Path.Combine(session.Root, "config", "pantry");
        Directory.CreateDirectory(home);
        File.Move(Path.Combine(session.Root, "mary.operator"), Path.Combine(home, "mary.operator"));
        string defaults = Path.Combine(home, "operator.yaml");
        await File.WriteAllTextAsync(defaults, "operator_file: mary.operator\nbatch_size: 1\n");
        SetMode(defaults, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        (_, string output, string error) = await EngineProcess.RunAsync($"""
            $env:XDG_CONFIG_HOME = '{session.Root}/config'
            Import-Module '{Places.Manifest}'
            Get-PantryClient -Verbose | ForEach-Object Identity
            @(Send-PantryCommand -All -Name Ping -Confirm:$false).Count
            (Connect-PantryServer).Operator
            """);

        Assert.Equal("", error);
        string[] lines = output.Split('\n');
        Assert.Equal($"VERBOSE: There is no session here, so '{defaults}' says which: connecting as mary at 127.0.0.1:{session.Run("$server.ReceivePort").Clean()[0]}.", lines[0]);
        Assert.Equal(["web1", "web2", "2", "mary"], lines[1..]);

        SetMode(defaults, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite);
        (_, _, string refused) = await EngineProcess.RunAsync($"""
            $env:XDG_CONFIG_HOME = '{session.Root}/config'
            Import-Module '{Places.Manifest}'
            Get-PantryClient
            """);
        Assert.Contains("others can write to it", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_environment_comes_before_the_file_and_a_parameter_before_both()
    {
        (_, string output, string error) = await EngineProcess.RunAsync($$"""
            Import-Module '{{Places.Manifest}}'
            $root = [IO.Path]::GetTempPath()
            [IO.File]::WriteAllText("$root/server.yaml", "networking:`n  advertised_host: from.file`n  pub_sub_port: 0`n  receive_port: 0`n  file_service_port: 0`n")
            $env:PANTRY_NETWORKING__ADVERTISED_HOST = 'from.environment'
            ($one = Start-PantryServer -ConfigurationFile $root/server.yaml -Path $root/one).AdvertisedAddress
            $one | Stop-PantryServer
            ($two = Start-PantryServer -ConfigurationFile $root/server.yaml -Path $root/two -AdvertisedAddress from.parameter).AdvertisedAddress
            $two | Stop-PantryServer
            """);

        Assert.Equal("", error);
        Assert.Equal("from.environment\nfrom.parameter", output);
    }

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }
}
