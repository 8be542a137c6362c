using System.Collections;
using Pantry.PowerShell.State;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes streams that clients hear.</summary>
internal sealed class StreamCompleter : NameCompleter
{
    protected override async Task<List<string>> NamesAsync(RunspaceHost state, IDictionary given) =>
        [.. (await ClientsAsync(state, given).ConfigureAwait(false)).SelectMany<ClientInfo, string>(client => client.Streams.Where(stream => stream != "*"))];
}
