using Pantry.Security;

namespace Pantry.Sessions;

/// <summary>With what this side comes to a server.</summary>
/// <param name="Own">This side's long-term key.</param>
/// <param name="Server">The key that the server must have.</param>
/// <param name="Role">What this side comes as.</param>
/// <param name="Network">Id of the fleet, where it is known.</param>
internal sealed record LinkCredentials(CurveKeyPair Own, PublicKey Server, SessionRole Role, string? Network);
