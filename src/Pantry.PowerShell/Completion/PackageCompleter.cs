using System.Collections;
using Pantry.PowerShell.State;
using Pantry.Protocol;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes names of packages.</summary>
internal sealed class PackageCompleter : NameCompleter
{
    protected override async Task<List<string>> NamesAsync(RunspaceHost state, IDictionary given)
    {
        using var deadline = new CancellationTokenSource(Patience);
        return await state.FleetOf(SessionOf(given)).Provisioning.FindPackagesAsync(new PackageFilter(), deadline.Token).Select(package => package.Name).ToListAsync(deadline.Token).ConfigureAwait(false);
    }
}
