using Pantry.Security;

namespace Pantry.Server.Jobs;

/// <summary>Reports of a run that came when its row had ended without them.</summary>
/// <param name="Client">Who says it.</param>
/// <param name="Key">Its key.</param>
/// <param name="Job">Id of the job.</param>
/// <param name="Output">What its command returned, as JSON.</param>
/// <param name="Status">How the client says that it ended.</param>
/// <param name="IsNoted">Whether it is in the audit log by now that the result came late.</param>
/// <param name="Stored">Called when the client need not send it again.</param>
internal sealed record LateReports(string Client, PublicKey Key, string Job, byte[] Output, CommandStatus Status, bool IsNoted, Action Stored);
