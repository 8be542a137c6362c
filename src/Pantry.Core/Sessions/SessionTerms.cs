using System.Text;
using Pantry.Protocol;
using Pantry.Sessions.Curve;

namespace Pantry.Sessions;

/// <summary>What both sides say of themselves in the handshake's metadata, where nobody else can read or change it.</summary>
internal static class SessionTerms
{
    /// <summary>Protocol version, <c>major.minor</c>.</summary>
    public const string Version = "Pantry-Protocol";

    /// <summary>Id of the fleet.</summary>
    public const string Network = "Pantry-Network";

    /// <summary>What the peer comes as; one of <see cref="SessionRole"/>.</summary>
    public const string Role = "Pantry-Role";

    public static CurveMetadata OfPeer(SessionRole role, string? network) => new(
    [
        // The two that ZMTP itself knows.
        Text("Socket-Type", "DEALER"), Text("Identity", ""),
        Text(Version, ProtocolVersion.Text), Text(Role, role.ToString()), .. network is null ? (IEnumerable<KeyValuePair<string, byte[]>>)[] : [Text(Network, network)],
    ]);

    public static CurveMetadata OfServer(string network) => new(
        [Text("Socket-Type", "ROUTER"), Text("Identity", ""), Text(Version, ProtocolVersion.Text), Text(Network, network)]);

    /// <summary>Why two sides cannot work together; null where they can.</summary>
    public static PantryException? Conflict(CurveMetadata other, string? network, string whose)
    {
        string version = other.Text(Version) ?? "";
        if (!byte.TryParse(version.Split('.')[0], out byte major) || !ProtocolVersion.Understands(major))
        {
            return new PantryException(PantryErrorCode.ProtocolVersionMismatch,
                $"{whose} speaks protocol version {(version.Length == 0 ? "of another kind" : DisplayText.Clean(version, 20))}, this side {ProtocolVersion.Text}. "
                + "Bring both to versions of Pantry with the same major protocol version.");
        }

        return network is not null && other.Text(Network) is { } named && named != network
            ? new PantryException(PantryErrorCode.ServerKeyMismatch, $"{whose} belongs to the fleet {DisplayText.Clean(named, 40)}, not to {network}.")
            : null;
    }

    private static KeyValuePair<string, byte[]> Text(string name, string value) => new(name, Encoding.ASCII.GetBytes(value));
}

/// <summary>What a peer comes as.</summary>
internal enum SessionRole
{
    Client,
    Operator,

    /// <summary>With the key of an enrolment, to let another key in.</summary>
    Enrollee,
}
