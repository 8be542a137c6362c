namespace Pantry.Protocol;

/// <summary>Something was not done; <paramref name="Code"/> is a <see cref="PantryErrorCode"/>.</summary>
internal sealed record Refused(string Code, string Message);

/// <summary>I am here. Sent by clients and operators at the interval the server set; a client that gets one from the server answers with one.</summary>
internal sealed record Heartbeat(int RunningJobs);

/// <summary>So am I.</summary>
internal sealed record HeartbeatReply(DateTimeOffset ServerTime);

/// <summary>
/// The sender goes away on purpose. With <paramref name="Forget"/> a client gives up its registration, and the server
/// takes it away. With <paramref name="Dismissed"/> the server no longer trusts the key: what runs is stopped.
/// </summary>
internal sealed record Leave(string Reason, bool Forget = false, bool Dismissed = false);
