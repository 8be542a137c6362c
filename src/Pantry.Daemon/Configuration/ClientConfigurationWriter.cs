using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Pantry.Client;

namespace Pantry.Daemon.Configuration;

/// <summary>Writes the configuration of a client that was just let in: where its server is and what it is.</summary>
internal static class ClientConfigurationWriter
{
    /// <summary>False where there is a file already, which is never changed.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static bool WriteNew(string path, ClientConfiguration configuration, string serverKey)
    {
        if (File.Exists(path))
            return false;
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory)
            Directory.CreateDirectory(directory);
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        stream.Write(Encoding.UTF8.GetBytes(Text(configuration, serverKey)));
        return true;
    }

    private static string Text(ClientConfiguration configuration, string serverKey)
    {
        var text = new StringBuilder();
        text.Append("# Written by 'pantry client enroll'.\n");
        text.Append("networking:\n");
        text.Append(CultureInfo.InvariantCulture, $"  server_host: {Quoted(configuration.Server.Host)}\n");
        text.Append(CultureInfo.InvariantCulture, $"  pub_sub_port: {configuration.Server.PublishPort}\n");
        text.Append(CultureInfo.InvariantCulture, $"  receive_port: {configuration.Server.ReceivePort}\n");
        text.Append(CultureInfo.InvariantCulture, $"  server_key: {Quoted(serverKey)}\n");
        text.Append("client:\n");
        text.Append(CultureInfo.InvariantCulture, $"  identity: {Quoted(configuration.Labels.Identity)}\n");
        if (configuration.Path != DefaultPaths.ClientDirectory)
            text.Append(CultureInfo.InvariantCulture, $"  path: {Quoted(configuration.Path)}\n");
        if (configuration.Labels.Application is { } application)
            text.Append(CultureInfo.InvariantCulture, $"  application: {Quoted(application)}\n");
        if (configuration.Labels.Environment is { } environment)
            text.Append(CultureInfo.InvariantCulture, $"  environment: {Quoted(environment)}\n");
        if (configuration.Labels.Roles.Count > 0)
            text.Append(CultureInfo.InvariantCulture, $"  roles: [{string.Join(", ", configuration.Labels.Roles.Select(Quoted))}]\n");
        return text.ToString();
    }

    // A JSON string is a quoted string of YAML too.
    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
