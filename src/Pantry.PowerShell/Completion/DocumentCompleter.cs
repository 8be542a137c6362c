using System.Collections;
using Pantry.PowerShell.State;
using Pantry.Protocol;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes names of applications that have a document.</summary>
internal sealed class DocumentCompleter : NameCompleter
{
    protected override async Task<List<string>> NamesAsync(RunspaceHost state, IDictionary given)
    {
        using var deadline = new CancellationTokenSource(Patience);
        return await state.FleetOf(SessionOf(given)).Provisioning.FindApplicationsAsync(new ApplicationFilter(), deadline.Token).Select(application => application.Name).ToListAsync(deadline.Token).ConfigureAwait(false);
    }
}
