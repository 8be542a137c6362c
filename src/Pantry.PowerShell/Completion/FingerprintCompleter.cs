using System.Collections;
using System.Management.Automation;
using Pantry.PowerShell.State;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes fingerprints of clients' keys, those that wait first, and says whose they are.</summary>
internal sealed class FingerprintCompleter : NameCompleter
{
    protected override async Task<List<CompletionResult>> ResultsAsync(RunspaceHost state, IDictionary given, WildcardPattern pattern) =>
    [
        .. (await ClientsAsync(state, given).ConfigureAwait(false)).Where(client => client.Fingerprint is { } fingerprint && pattern.IsMatch(fingerprint))
            .OrderBy(client => client.Status != ClientStatus.Pending).Select(client => Described(client.Fingerprint!, $"{client.Identity}, {client.Status}")),
    ];
}
