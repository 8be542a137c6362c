using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Lifetime;

public sealed class LifetimeTests
{
    [Theory]
    [InlineData("Remove-Module Pantry")]
    [InlineData("Import-Module '{0}' -Force")]
    public void When_the_module_goes_everything_it_started_stops(string how)
    {
        using Session session = Session.WithFleet("one shop", "two shop");
        (PSObject? server, int[] ports) = ServerOf(session);
        session.Set("manifest", Places.Manifest);

        session.Run(how.Replace("{0}", Places.Manifest, StringComparison.Ordinal)).Clean();

        Assert.Equal("Stopped", server.Text("Status"));
        Assert.All(ports, port => Assert.True(Ports.Free(port)));
        session.Run($"Import-Module '{Places.Manifest}'").Clean();
        Assert.Empty(session.Run("Get-PantryServer").Clean());
        session.Run("$null = Start-PantryServer -Path $root -PublishPort 0 -ReceivePort 0 -FilePort 0; $null = Register-PantryClient -Path $root/again -Identity again -Application shop").Clean();
        Assert.Equal(["Succeeded"], session.Run("Test-PantryClient again").Texts("Status"));
    }

    [Fact]
    public void When_the_runspace_is_closed_everything_it_started_stops()
    {
        Session session = Session.WithFleet("one shop");
        (PSObject? server, int[] ports) = ServerOf(session);

        session.Dispose();

        Assert.Equal("Stopped", server.Text("Status"));
        Assert.All(ports, port => Assert.True(Ports.Free(port)));
    }

    [Fact]
    public void One_runspace_does_not_stop_what_another_started()
    {
        using Session first = Session.WithFleet("one shop");
        using (Session second = Session.WithFleet("two shop"))
            second.Run("Remove-Module Pantry").Clean();
        Assert.Equal(["Succeeded"], first.Run("Test-PantryClient one").Texts("Status"));
    }

    [Fact]
    public void A_client_whose_server_forgot_it_can_be_registered_again()
    {
        using Session session = Session.WithFleet("one shop");
        session.Run("Unregister-PantryClient one -Session $server").Clean();
        session.Run("$null = Register-PantryClient -Identity one -Application shop").Clean();
        Assert.Equal(["Succeeded"], session.Run("Test-PantryClient one").Texts("Status"));
    }

    private static (PSObject? Server, int[] Ports) ServerOf(Session session)
    {
        PSObject? server = session.Run("$server").Clean().Single();
        return (server, [.. new[] { "PublishPort", "ReceivePort", "FilePort" }.Select(port => (int)server.Value(port)!)]);
    }
}
