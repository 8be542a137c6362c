using System.Management.Automation;
using System.Net;
using System.Net.Sockets;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Cmdlets;

public sealed class ServerTests
{
    private const string Start = "Start-PantryServer -Path $root -PublishPort 0 -ReceivePort 0 -FilePort 0";

    [Fact]
    public void After_Ctrl_C_in_the_middle_of_a_stop_the_same_directory_and_ports_can_be_used_at_once()
    {
        using Session session = Session.WithFleet("one shop");
        session.Set("mark", Path.Combine(session.Root, "stops"));
        session.Run("$same = @{ Path = $server.Path; PublishPort = $server.PublishPort; ReceivePort = $server.ReceivePort; FilePort = $server.FilePort }").Clean();
        for (int i = 0; i < 10; i++)
        {
            File.Delete(Path.Combine(session.Root, "stops"));
            using (Running running = session.Start("[IO.File]::WriteAllText($mark, ''); $server | Stop-PantryServer"))
            {
                Assert.True(SpinWait.SpinUntil(() => File.Exists(Path.Combine(session.Root, "stops")), Session.Deadline));
                running.Stop();
            }

            // Where Ctrl+C came before the stop began, it goes on running.
            session.Run("if ($server.Status -ne 'Running') { $server = Start-PantryServer @same }").Clean();
            Assert.Equal(["Running"], session.Run("$server").Texts("Status"));
        }
    }

    [Fact]
    public void A_server_tells_where_it_listens_and_stops_through_the_pipeline()
    {
        using Session session = Session.Open();

        PSObject? server = Assert.Single(session.Run($"($server = {Start})").Clean());

        Assert.Equal(("127.0.0.1", "Running", session.Root), (server.Text("Address"), server.Text("Status"), server.Text("Path")));
        Assert.All(["PublishPort", "ReceivePort", "FilePort"], port => Assert.InRange((int)server.Value(port)!, 1, 65535));
        Assert.Single(session.Run("Get-PantryServer").Clean());

        Assert.Empty(session.Run("$server | Stop-PantryServer").Clean());

        Assert.Equal("Stopped", server.Text("Status"));
        Assert.Empty(session.Run("Get-PantryServer").Clean());
        Assert.True(Ports.Free((int)server.Value("PublishPort")!));
    }

    [Fact]
    public void A_port_in_use_is_an_error_that_names_the_port()
    {
        using Session session = Session.Open();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;

        Outcome outcome = session.Run($"Start-PantryServer -Path $root -PublishPort 0 -ReceivePort {port} -FilePort 0");

        Assert.Equal("PortInUse", outcome.ErrorId);
        Assert.Contains($"{port}", outcome.Message, StringComparison.Ordinal);
        Assert.Empty(session.Run("Get-PantryServer").Clean());
    }

    [Fact]
    public void Any_address_may_be_listened_on_and_enrolments_give_the_advertised_one()
    {
        using Session session = Session.Open();
        PSObject? server = Assert.Single(session.Run($"{Start} -Address 0.0.0.0 -AdvertisedAddress localhost").Clean());
        Assert.Equal(("0.0.0.0", "localhost"), (server.Text("Address"), server.Text("AdvertisedAddress")));
        Assert.Equal(["localhost"], session.Run("($enrolment = New-PantryEnrollment one -Application shop)").Texts("Address"));
        Assert.Equal(["Approved"], session.Run("$enrolment | Register-PantryClient").Texts("Status"));
        Assert.Equal("InvalidAddress", session.Run($"{Start} -AdvertisedAddress 'a b'").ErrorId);
    }

    [Fact]
    public void A_server_has_keys_of_its_own_that_stay_the_same()
    {
        using Session session = Session.Open();
        PSObject? first = Assert.Single(session.Run($"($server = {Start})").Clean());
        string[] Keys(PSObject? server) => [server.Text("PublicKey"), server.Text("Fingerprint"), server.Text("RootFingerprint"), server.Text("RootKey")];
        Assert.Equal(40, first.Text("PublicKey").Length);
        Assert.Matches("^([0-9a-z]{4}-){4}[0-9a-z]{4}$", first.Text("Fingerprint"));

        session.Run("$server | Stop-PantryServer").Clean();

        Assert.Equal(Keys(first), Keys(Assert.Single(session.Run(Start).Clean())));
    }

    [Fact]
    public void A_configuration_file_is_read_and_parameters_come_before_it()
    {
        using Session session = Session.Open();
        File.WriteAllText(Path.Combine(session.Root, "server.yml"), "root_dir: elsewhere\nnetworking:\n  advertised_host: localhost\n  pub_sub_port: 0\n  receive_port: 1\n  file_service_port: 0\n");

        PSObject? server = Assert.Single(
            session.Run("Start-PantryServer -ConfigurationFile \"$root/server.yml\" -Path \"$root/here\" -ReceivePort 0").Clean());

        Assert.Equal(Path.Combine(session.Root, "here"), server.Text("Path"));
        Assert.NotEqual(1, server.Value("ReceivePort"));
        Assert.Equal("localhost", server.Text("AdvertisedAddress"));
    }

    [Fact]
    public void A_mistake_in_a_configuration_file_is_named_with_its_place()
    {
        using Session session = Session.Open();
        File.WriteAllText(Path.Combine(session.Root, "server.yml"), "networking:\n  pub_sub_prt: 0\n");

        Outcome outcome = session.Run("Start-PantryServer -ConfigurationFile \"$root/server.yml\"");

        Assert.Equal("InvalidConfiguration", outcome.ErrorId);
        Assert.Contains("pub_sub_prt", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIf_starts_nothing()
    {
        using Session session = Session.Open();
        Assert.Empty(session.Run(Start + " -WhatIf").Clean());
        Assert.Empty(session.Run("Get-PantryServer").Clean());
    }
}
