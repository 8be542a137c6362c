namespace Pantry.Server.Jobs;

/// <summary>What is fixed for a job before it is taken, by whoever knows more of its command.</summary>
/// <param name="Refused">Targets that it cannot be begun on, and why.</param>
/// <param name="Keep">Puts what was fixed on the disk, before the job is there.</param>
/// <param name="Forget">Takes it away again, where the job could not be taken.</param>
internal sealed record JobTerms(IReadOnlyDictionary<string, CommandError> Refused, Action Keep, Action Forget);
