using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

public sealed class RootKeyTests
{
    private const string Password = "$password = [securestring]::new(); 'opensesame'.ToCharArray() | ForEach-Object { $password.AppendChar($_) }";

    [Fact]
    public void With_the_root_key_offline_the_server_can_change_no_operators_and_the_console_that_has_it_can()
    {
        using Session here = Session.WithFleet("one shop");
        using Session there = Session.Open();
        there.Run($"$null = {here.Connecting("admin")}").Clean();
        string file = Path.Combine(here.Root, "root.key");

        PSObject? key = here.Run($"{Password}; Export-PantryRootKey $root/root.key -Password $password -TakeOffline -Confirm:$false").Clean().Single();

        Assert.Equal((file, "False"), (key.Text("File"), key.Text("IsAtServer")));
        Assert.StartsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(here.Root, "keys", "root.key")));
        Assert.Equal("KeyRevoked", here.Run("Send-PantryCommand -All -Name Ping").ErrorId);
        Assert.Equal("RootKeyOffline", there.Run("New-PantryOperator second -Scope '*:*' -OutFile $root/second.operator").ErrorId);
        Assert.False(File.Exists(Path.Combine(there.Root, "second.operator")));

        there.Set("key", file);
        there.Run($"{Password}; $null = New-PantryOperator second -Scope '*:*' -OutFile $root/second.operator -RootKeyFile $key -RootKeyPassword $password").Clean();
        Assert.Equal(["admin", "second"], there.Run("Get-PantryOperator").Texts("Name"));
        there.Run("$s = Connect-PantryServer -OperatorFile $root/second.operator").Clean();
        Assert.Equal(["Succeeded"], there.Run("Send-PantryCommand -All -Name Ping -Session $s").Texts("Status"));
        there.Run("Disconnect-PantryServer; Revoke-PantryOperator second -RootKeyFile $key -RootKeyPassword $password -Confirm:$false").Clean();
        Assert.Equal(["admin"], there.Run("Get-PantryOperator").Texts("Name"));
    }

    [Fact]
    public void A_wrong_password_or_another_fleets_root_key_changes_nothing()
    {
        using Session session = Session.WithFleet();
        session.Run($"{Password}; $null = Export-PantryRootKey $root/root.key -Password $password -Confirm:$false; $password.AppendChar('x')").Clean();
        session.Run("$other = Start-PantryServer -Path $root/other -PublishPort 0 -ReceivePort 0 -FilePort 0; $null = Export-PantryRootKey $root/other.key -Server $other -Confirm:$false").Clean();

        foreach ((string key, string id) in new[] { ("$root/root.key -RootKeyPassword $password", "InvalidKey"), ("$root/other.key", "InvalidSignature"), ("$root/none.key", "InvalidKey") })
        {
            Outcome refused = session.Run($"New-PantryOperator one -Scope '*:*' -OutFile $root/one.operator -Session $server -RootKeyFile {key}");
            Assert.Equal(id, refused.ErrorId);
            Assert.DoesNotContain("opensesame", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal("ServerKeyMismatch", session.Run("Import-PantryRootKey $root/other.key -Server $server").ErrorId);
        Assert.Equal("StorageFailed", session.Run("Export-PantryRootKey $root/root.key -Server $server -Confirm:$false").ErrorId);
        Assert.Equal("InvalidArgument", session.Run("New-PantryOperator one -Scope '*:*' -OutFile $root/one.operator -RootKeyPassword $password").ErrorId);
        Assert.Equal(["local"], session.Run("Get-PantryOperator -Session $server").Texts("Name"));
    }

    [Fact]
    public void The_root_key_is_not_taken_offline_while_nobody_else_could_administer_the_fleet()
    {
        using Session session = Session.WithFleet();
        session.Connecting("worker", administrator: false);
        Assert.Equal("InvalidArgument", session.Run("Export-PantryRootKey $root/root.key -TakeOffline -Confirm:$false").ErrorId);
        Assert.False(File.Exists(Path.Combine(session.Root, "root.key")));
        Assert.Equal("True", session.Run("$server.RootKey").Texts("IsAtServer").Single());
    }

    [Fact]
    public void The_root_key_comes_back_from_its_file()
    {
        using Session here = Session.WithFleet("one shop");
        using Session there = Session.Open();
        there.Run($"$null = {here.Connecting("admin")}").Clean();
        here.Run("$null = Export-PantryRootKey $root/root.key -TakeOffline -Confirm:$false").Clean();

        Assert.Equal("True", here.Run("$server | Import-PantryRootKey $root/root.key").Texts("IsAtServer").Single());

        there.Run("$null = New-PantryOperator second -Scope '*:*' -OutFile $root/second.operator").Clean();
    }

    [Fact]
    public void Clients_follow_a_root_key_that_was_renewed_and_the_old_one_is_good_for_nothing()
    {
        using Session session = Session.WithFleet("one shop");
        session.Run("$old = $server.RootFingerprint; $null = Export-PantryRootKey $root/old.key -Confirm:$false").Clean();
        Assert.NotNull(session.Run("New-PantryRootKey").ErrorId); // Nobody is there to be asked.

        string renewed = session.Run("New-PantryRootKey -Confirm:$false").Texts("Fingerprint").Single();

        Assert.Equal((renewed, "True"), (session.Run("$server.RootFingerprint").Clean().Single()!.ToString(), session.Run("$server.RootFingerprint -ne $old").Clean().Single()!.ToString()));
        session.Run($"$null = {session.Connecting()}").Clean();
        Assert.Equal(["Succeeded"], session.Run("Send-PantryCommand -All -Name Ping").Texts("Status"));
        Assert.Equal("ServerKeyMismatch", session.Run("New-PantryOperator x -Scope '*:*' -OutFile $root/x.operator -RootKeyFile $root/old.key").ErrorId);
        Assert.Equal(["RootKeyRenewed", "RootKeyExported"], session.Run("Get-PantryAuditLog RootKey*").Texts("Action"));
    }

    [Fact]
    public void Without_a_server_in_the_session_the_error_says_where_to_go()
    {
        using Session session = Session.Open();
        Assert.Equal("NotConnected", session.Run("New-PantryRootKey -Confirm:$false").ErrorId);
    }
}
