using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Security;

namespace Pantry.Server;

/// <summary>
/// The way in for programs on the server's own machine: a file with the keys of the server's own operator, its owner's alone. The session key in it
/// is made anew each time the server starts, is in no trust bundle, and is good from this machine only.
/// </summary>
internal sealed class ServerConsole(string path, FleetPlace place) : IDisposable
{
    private readonly CurveKeyPair _session = CurveKeyPair.Generate();

    public PublicKey Key => _session.PublicKey;

    /// <summary>Writes the file with the operator's present key; without one it is taken away.</summary>
    public void Write(SigningKey? signing)
    {
        if (signing is null)
        {
            File.Delete(path);
            return;
        }

        OperatorFile.Replace(path, new OperatorCredentials
        {
            Name = ServerOperator.Name,
            Address = place.Address,
            ReceivePort = place.ReceivePort,
            ServerPublicKey = place.ServerPublicKey,
            Network = place.Network,
            SessionKey = Z85.Encode(_session.Secret),
            SigningKey = signing.ToPem(null),
        });
    }

    public void Dispose()
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The session key is void all the same when the server is gone.
        }

        _session.Dispose();
    }
}
