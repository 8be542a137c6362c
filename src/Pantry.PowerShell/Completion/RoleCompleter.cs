using System.Collections;
using Pantry.PowerShell.State;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes roles of clients.</summary>
internal sealed class RoleCompleter : NameCompleter
{
    protected override async Task<List<string>> NamesAsync(RunspaceHost state, IDictionary given) =>
        [.. (await ClientsAsync(state, given).ConfigureAwait(false)).SelectMany<ClientInfo, string>(client => client.Roles)];
}
