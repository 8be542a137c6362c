using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using Pantry.PowerShell.State;
using Pantry.Protocol;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes names from what the runspace's server or session knows; says nothing rather than be slow or fail.</summary>
internal abstract class NameCompleter : IArgumentCompleter
{
    protected static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        try
        {
            var pattern = new WildcardPattern((wordToComplete ?? "").Trim('\'', '"') + "*", WildcardOptions.IgnoreCase);
            RunspaceHost state = RunspaceHost.Of(Runspace.DefaultRunspace);
            Task<List<string>> names = Task.Run(() => NamesAsync(state, fakeBoundParameters));
            return names.Wait(Patience)
                ? [.. names.Result.Where(pattern.IsMatch).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase).Select(name => new CompletionResult(name))]
                : [];
        }
        catch (Exception)
        {
            // A completer that throws spoils the command line; there is nobody to tell.
            return [];
        }
    }

    protected abstract Task<List<string>> NamesAsync(RunspaceHost state, IDictionary given);

    protected static object? SessionOf(IDictionary given) => given["Session"] is PSObject wrapped ? wrapped.BaseObject : given["Session"];

    protected static async Task<List<ClientInfo>> ClientsAsync(RunspaceHost state, IDictionary given)
    {
        using var deadline = new CancellationTokenSource(Patience);
        var clients = new List<ClientInfo>();
        await foreach (ClientInfo client in state.FleetOf(SessionOf(given)).FindClientsAsync(new ClientFilter(), deadline.Token).ConfigureAwait(false))
            clients.Add(client);
        return clients;
    }
}
