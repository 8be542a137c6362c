using System.Collections;
using Pantry.Commands;
using Pantry.PowerShell.State;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes names of commands: Pantry's own, and those registered in the runspace.</summary>
internal sealed class CommandNameCompleter : NameCompleter
{
    protected override Task<List<string>> NamesAsync(RunspaceHost state, IDictionary given) =>
        Task.FromResult<List<string>>([.. CommandTable.BuiltIn, .. state.Commands.CommandNames]);
}
