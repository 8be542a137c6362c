using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;

namespace Pantry.Bench;

/// <summary>Makes an operator who may order everything.</summary>
internal static class NewConsole
{
    public static async Task<OperatorCredentials> AddAsync(ServerHost host)
    {
        using CurveKeyPair session = CurveKeyPair.Generate();
        using SigningKey signing = SigningKey.Generate();
        await host.Fleet.AddOperatorAsync(
            new AddOperator("console", session.PublicKey.ToString(), signing.PublicKey.Bytes.ToArray(), ["*:*"], false, null), default);
        return new OperatorCredentials
        {
            Name = "console",
            Address = "127.0.0.1",
            ReceivePort = host.ReceivePort,
            ServerPublicKey = host.PublicKey.ToString(),
            Network = host.Authority.Network,
            SessionKey = Z85.Encode(session.Secret),
            SigningKey = signing.ToPem(null),
        };
    }
}
