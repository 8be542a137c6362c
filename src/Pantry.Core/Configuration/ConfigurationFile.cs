using Pantry.Security;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Configuration;

/// <summary>
/// Configuration files of servers and clients. One format for both, so that one file can serve a machine that is both:
/// <c>root_dir</c>, <c>networking</c> (server_host, server_key, advertised_host, pub_sub_port, receive_port, file_service_port) and <c>client</c>
/// (identity, application, environment, roles, allowed_commands, allowed_users, facts, path).
/// </summary>
internal static class ConfigurationFile
{
    /// <exception cref="PantryException">The file has an error; the message says where.</exception>
    public static ServerConfigurationFile LoadServer(string path)
    {
        (YamlSection root, YamlSection networking, _) = Load(path);
        return new ServerConfigurationFile(
            networking.Text("server_host"), networking.Port("pub_sub_port"), networking.Port("receive_port"), networking.Port("file_service_port"),
            root.Text("root_dir"), networking.Text("advertised_host"));
    }

    /// <exception cref="PantryException">The file has an error; the message says where.</exception>
    public static ClientConfigurationFile LoadClient(string path)
    {
        (_, YamlSection networking, YamlSection client) = Load(path);
        return new ClientConfigurationFile(
            networking.Text("server_host"), networking.Port("pub_sub_port"), networking.Port("receive_port"),
            client.Text("identity"), client.Text("application"), client.Text("environment"),
            client.List("roles") ?? [], client.List("allowed_commands"), client.List("allowed_users"), client.Map("facts"), client.Text("path"),
            networking.Text("server_key"));
    }

    private static (YamlSection Root, YamlSection Networking, YamlSection Client) Load(string path)
    {
        YamlSection root = YamlDocumentFile.Load(path);
        _ = root.Text("root_dir");
        YamlSection networking = root.Section("networking");
        YamlSection client = root.Section("client");
        root.RefuseUnknown();

        _ = networking.Checked("server_host", text => Addresses.Parse(text, 1).Host);
        _ = networking.Checked("advertised_host", text => Addresses.Parse(text, 1).Host);
        _ = networking.Checked("server_key", text => PublicKey.Parse(text, "public key of the server").ToString());
        foreach (string port in (ReadOnlySpan<string>)["pub_sub_port", "receive_port", "file_service_port"])
            _ = networking.Port(port);
        networking.RefuseUnknown();

        _ = client.Checked("identity", text => Names.RequireIdentity(text));
        _ = client.Checked("application", text => Names.RequireSegment(text, "application"));
        _ = client.Checked("environment", text => Names.RequireSegment(text, "environment"));
        _ = client.List("roles");
        _ = client.List("allowed_commands");
        _ = client.List("allowed_users");
        _ = client.Text("path");
        _ = client.Map("facts");
        client.RefuseUnknown();
        return (root, networking, client);
    }
}

/// <summary>What a file says for a server; null where it says nothing.</summary>
internal sealed record ServerConfigurationFile(string? Address, int? PublishPort, int? ReceivePort, int? FilePort, string? RootDirectory, string? AdvertisedHost);

/// <summary>What a file says for a client; null where it says nothing.</summary>
internal sealed record ClientConfigurationFile(
    string? Server, int? PublishPort, int? ReceivePort, string? Identity, string? Application, string? Environment,
    IReadOnlyList<string> Roles, IReadOnlyList<string>? AllowedCommands, IReadOnlyList<string>? AllowedUsers,
    IReadOnlyDictionary<string, string> Facts, string? Path, string? ServerKey);
