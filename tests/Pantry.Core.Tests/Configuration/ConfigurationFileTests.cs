using Pantry.Configuration;

namespace Pantry.Tests.Configuration;

public sealed class ConfigurationFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pantry-test-").FullName;

    [Fact]
    public void One_file_serves_server_and_client()
    {
        string path = Write("""
            root_dir: /var/lib/pantry
            networking:
              server_host: localhost
              pub_sub_port: 23001
              receive_port: 0
            client:
              identity: app.host
              application: pantry
              roles: [web, db]
              allowed_commands: Ping
              facts:
                rack: r1
            """);

        ServerConfigurationFile server = ConfigurationFile.LoadServer(path);
        ClientConfigurationFile client = ConfigurationFile.LoadClient(path);

        Assert.Equal(new ServerConfigurationFile("localhost", 23001, 0, null, "/var/lib/pantry", null), server);
        Assert.Equal(("app.host", "pantry", null), (client.Identity, client.Application, client.Environment));
        Assert.Equal(["web", "db"], client.Roles);
        Assert.Equal(["Ping"], client.AllowedCommands!);
        Assert.Equal("r1", client.Facts["rack"]);
    }

    [Theory]
    [InlineData("networking: [", ":2:1: ")]
    [InlineData("networking:\n  recieve_port: 1", ":2:3: there is no key 'recieve_port' in 'networking'. Did you mean 'receive_port'?")]
    [InlineData("networking:\n  receive_port: many", ":2:17: 'networking.receive_port' must be a port from 0 to 65535, not 'many'.")]
    [InlineData("networking:\n  receive_port: 65536", "must be a port")]
    [InlineData("networking:\n  server_host: a b", ":2:16: 'networking.server_host' 'a b' is no valid address")]
    [InlineData("client:\n  identity: ../x", ":2:13: 'client.identity' '../x' is no valid identity")]
    [InlineData("client:\n  roles:\n    a: b", "must be a list")]
    [InlineData("clients: {}", "Did you mean 'client'?")]
    [InlineData("- a", ":1:1: the file must hold keys and values")]
    [InlineData("root_dir: &a x\nclient:\n  identity: *a", ":3:13: aliases are not allowed")]
    [InlineData("root_dir: a\nroot_dir: b", "uplicate")]
    [InlineData("client: {identity: \"a", "")]
    public void An_error_names_file_line_and_column(string yaml, string expected)
    {
        string path = Write(yaml);

        var error = Assert.Throws<PantryException>(() => ConfigurationFile.LoadClient(path));

        Assert.Equal(PantryErrorCode.InvalidConfiguration, error.Code);
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named() => Assert.Contains(
        "nowhere.yml", Assert.Throws<PantryException>(() => ConfigurationFile.LoadServer(Path.Combine(_folder, "nowhere.yml"))).Message, StringComparison.Ordinal);

    [Fact]
    public void An_empty_file_says_nothing() =>
        Assert.Equal(new ServerConfigurationFile(null, null, null, null, null, null), ConfigurationFile.LoadServer(Write("")));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string text)
    {
        string path = Path.Combine(_folder, "pantry.yml");
        File.WriteAllText(path, text);
        return path;
    }
}
