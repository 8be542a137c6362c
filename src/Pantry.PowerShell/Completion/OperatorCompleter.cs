using System.Collections;
using Pantry.PowerShell.State;
using Pantry.Protocol;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes names of operators.</summary>
internal sealed class OperatorCompleter : NameCompleter
{
    protected override async Task<List<string>> NamesAsync(RunspaceHost state, IDictionary given)
    {
        using var deadline = new CancellationTokenSource(Patience);
        (OperatorList list, _) = await state.FleetOf(SessionOf(given)).ListOperatorsAsync(deadline.Token).ConfigureAwait(false);
        return [.. list.Operators.Select(entry => entry.Name)];
    }
}
