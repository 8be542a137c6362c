using System.Collections;
using Pantry.PowerShell.State;
using Pantry.Protocol;
using Pantry.Provisioning.Provisioners;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes kinds of packages: those that Pantry applies by itself, and those of packages that there are.</summary>
internal sealed class KindCompleter : NameCompleter
{
    protected override async Task<List<string>> NamesAsync(RunspaceHost state, IDictionary given)
    {
        List<string> kinds = [.. ProvisionerTable.BuiltInKinds];
        try
        {
            using var deadline = new CancellationTokenSource(Patience / 2);
            await foreach (PackageInfo package in state.FleetOf(SessionOf(given)).Provisioning.FindPackagesAsync(new PackageFilter(), deadline.Token).ConfigureAwait(false))
                kinds.Add(package.Kind);
        }
        catch (Exception exception) when (exception is PantryException or OperationCanceledException)
        {
            // Without a server, or with one that is slow, those that are known by themselves are better than none.
        }

        return kinds;
    }
}
