using Pantry.Server;

namespace Pantry.TestHost;

/// <summary>A server in a process of its own: `server ROOT PUBLISH RECEIVE FILE`. Ends when its input does.</summary>
internal static class ServerMode
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        await using ServerHost server = await ServerHost.StartAsync(new ServerConfiguration
        {
            Path = arguments[0],
            PublishPort = int.Parse(arguments[1], null),
            ReceivePort = int.Parse(arguments[2], null),
            FilePort = int.Parse(arguments[3], null),
        });
        Console.WriteLine($"ready {server.PublishPort} {server.ReceivePort} {server.FilePort}");
        await Console.In.ReadToEndAsync();
        return 0;
    }
}
