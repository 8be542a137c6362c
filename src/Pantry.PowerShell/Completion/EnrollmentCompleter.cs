using System.Collections;
using Pantry.PowerShell.State;
using Pantry.Protocol;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes ids of open enrolments and tokens.</summary>
internal sealed class EnrollmentCompleter : NameCompleter
{
    protected override async Task<List<string>> NamesAsync(RunspaceHost state, IDictionary given)
    {
        using var deadline = new CancellationTokenSource(Patience);
        var ids = new List<string>();
        await foreach (EnrollmentInfo enrollment in state.FleetOf(SessionOf(given)).FindEnrollmentsAsync(new EnrollmentFilter(), deadline.Token).ConfigureAwait(false))
            ids.Add(enrollment.Id);
        return ids;
    }
}
