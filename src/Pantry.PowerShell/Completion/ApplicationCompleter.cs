using System.Collections;
using Pantry.PowerShell.State;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes applications of clients.</summary>
internal sealed class ApplicationCompleter : NameCompleter
{
    protected override async Task<List<string>> NamesAsync(RunspaceHost state, IDictionary given) =>
        [.. (await ClientsAsync(state, given).ConfigureAwait(false)).SelectMany<ClientInfo, string>(client => client.Application is { } name ? [name] : [])];
}
