using Pantry.Client;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.TestHost;

/// <summary>A client in a process of its own: `client PUBLISH RECEIVE IDENTITY [APPLICATION]`. Ends when its input does.</summary>
internal static class ClientMode
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        await using ClientAgent client = await ClientAgent.StartAsync(new ClientConfiguration
        {
            Server = new ServerAddress("127.0.0.1", int.Parse(arguments[0], null), int.Parse(arguments[1], null)),
            Labels = ClientLabels.Create(arguments[2], arguments.ElementAtOrDefault(3), null, null),
        });
        Console.WriteLine("ready");
        await Console.In.ReadToEndAsync();
        return 0;
    }
}
