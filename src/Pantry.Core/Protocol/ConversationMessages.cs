namespace Pantry.Protocol;

/// <summary>Something was not done; <paramref name="Code"/> is a <see cref="PantryErrorCode"/>.</summary>
internal sealed record Refused(string Code, string Message);

/// <summary>I am here. Sent by clients and operators at the interval the server set; a client that gets one from the server answers with one.</summary>
internal sealed record Heartbeat(int RunningJobs);

/// <summary>So am I.</summary>
internal sealed record HeartbeatReply(DateTimeOffset ServerTime);

/// <summary>The sender goes away on purpose; with <paramref name="Forget"/> a client also gives up its registration.</summary>
internal sealed record Leave(string Reason, bool Forget = false);
