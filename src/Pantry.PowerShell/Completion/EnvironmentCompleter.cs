using System.Collections;
using Pantry.PowerShell.State;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes environments of clients.</summary>
internal sealed class EnvironmentCompleter : NameCompleter
{
    protected override async Task<List<string>> NamesAsync(RunspaceHost state, IDictionary given) =>
        [.. (await ClientsAsync(state, given).ConfigureAwait(false)).SelectMany<ClientInfo, string>(client => client.Environment is { } name ? [name] : [])];
}
