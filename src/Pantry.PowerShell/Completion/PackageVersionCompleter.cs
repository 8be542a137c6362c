using System.Collections;
using System.Management.Automation;
using Pantry.PowerShell.State;
using Pantry.Protocol;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes versions of the package that is named on the same line, the newest first.</summary>
internal sealed class PackageVersionCompleter : NameCompleter
{
    protected override async Task<List<CompletionResult>> ResultsAsync(RunspaceHost state, IDictionary given, WildcardPattern pattern)
    {
        using var deadline = new CancellationTokenSource(Patience);
        return await state.FleetOf(SessionOf(given)).Provisioning.FindPackagesAsync(new PackageFilter { Names = Given(given, "Name"), AllVersions = true }, deadline.Token)
            .Where(package => pattern.IsMatch(package.Version))
            .Select(package => Described(package.Version, $"{package}, {package.Kind}, {package.PublishedAt.LocalDateTime:g} by {package.PublishedBy}"))
            .ToListAsync(deadline.Token).ConfigureAwait(false);
    }
}
