using Pantry.Security;

namespace Pantry.Storage;

/// <summary>What is asked about a report before it is read.</summary>
/// <param name="Number">Its place among all: the larger, the newer.</param>
/// <param name="Client">Whose it is.</param>
/// <param name="Key">The client's key then; another client may have the name now.</param>
/// <param name="Job">The job that it came with.</param>
/// <param name="Package">The package.</param>
/// <param name="Version">Its version.</param>
/// <param name="Status">What came of it.</param>
/// <param name="Drift">Whether something else had changed the machine; null where that cannot be told.</param>
/// <param name="ReceivedAt">When the server had it.</param>
internal sealed record StoredReport(
    long Number, string Client, byte[] Key, string Job, string Package, string Version, ProvisionStatus Status, bool? Drift, DateTimeOffset ReceivedAt);

/// <summary>The reports of a row.</summary>
/// <param name="Client">Whose row it is.</param>
/// <param name="Key">The client's key.</param>
/// <param name="Job">Id of the job.</param>
/// <param name="Reports">The reports, within bounds, in their order.</param>
/// <param name="MayHaveApplied">Whether it was a run that left none of its own, and nobody knows how far it came.</param>
internal sealed record ReceivedReports(string Client, PublicKey Key, string Job, IReadOnlyList<ProvisionReport> Reports, bool MayHaveApplied = false);
