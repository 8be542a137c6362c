namespace Pantry.Operators;

/// <summary>Where a fleet's server is and how it is known: what an operator's file says beside the operator's own keys.</summary>
/// <param name="Address">Address to dial.</param>
/// <param name="ReceivePort">Port for answers.</param>
/// <param name="ServerPublicKey">The server's public key, in Z85.</param>
/// <param name="Network">Id of the fleet.</param>
internal sealed record FleetPlace(string Address, int ReceivePort, string ServerPublicKey, string Network);
