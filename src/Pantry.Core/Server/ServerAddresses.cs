namespace Pantry.Server;

/// <summary>Where clients find a server.</summary>
internal sealed record ServerAddresses(string Host, int PublishPort, int ReceivePort, int FilePort);
