using System.Collections;
using System.Globalization;
using System.Management.Automation;
using Pantry.PowerShell.State;
using Pantry.Protocol;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes revisions of the application that is named on the same line, the newest first, and says who made them.</summary>
internal sealed class RevisionCompleter : NameCompleter
{
    protected override async Task<List<CompletionResult>> ResultsAsync(RunspaceHost state, IDictionary given, WildcardPattern pattern)
    {
        if (Given(given, "Name") is not { Length: > 0 } names)
            return [];
        using var deadline = new CancellationTokenSource(Patience);
        return await state.FleetOf(SessionOf(given)).Provisioning.FindApplicationsAsync(new ApplicationFilter { Names = names, History = true }, deadline.Token)
            .Select(found => (Number: found.Revision.ToString(CultureInfo.InvariantCulture), Found: found))
            .Where(revision => pattern.IsMatch(revision.Number))
            .Select(revision => Described(revision.Number, $"{revision.Found.Name}, {revision.Found.ChangedAt.LocalDateTime:g} by {revision.Found.ChangedBy}"))
            .ToListAsync(deadline.Token).ConfigureAwait(false);
    }
}
