using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;

namespace Pantry.TestHost;

/// <summary>
/// A server in a process of its own: `server ROOT PUBLISH RECEIVE FILE [OPERATOR]`, with the credentials of an operator who
/// may do everything in a file. Ends when its input does.
/// </summary>
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
        }, options: HostOptions.Load(), log: StandardErrorLog.For("server"));
        if (arguments.Length > 4 && !File.Exists(arguments[4]))
            await AddOperatorAsync(server, arguments[4]);
        Console.WriteLine($"ready {server.PublishPort} {server.ReceivePort} {server.FilePort}");
        await Console.In.ReadToEndAsync();
        return 0;
    }

    private static async Task AddOperatorAsync(ServerHost server, string file)
    {
        using CurveKeyPair session = CurveKeyPair.Generate();
        using SigningKey signing = SigningKey.Generate();
        await server.Fleet.AddOperatorAsync(
            new AddOperator("tester", session.PublicKey.ToString(), signing.PublicKey.Bytes.ToArray(), ["*:*"], Administrator: true, null), default);
        OperatorFile.Save(file, new OperatorCredentials
        {
            Name = "tester",
            Address = "127.0.0.1",
            ReceivePort = server.ReceivePort,
            ServerPublicKey = server.PublicKey.ToString(),
            Network = server.Authority.Network,
            SessionKey = Z85.Encode(session.Secret),
            SigningKey = signing.ToPem(null),
        });
    }
}
