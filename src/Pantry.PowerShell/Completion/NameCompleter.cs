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
            Task<List<CompletionResult>> results = Task.Run(() => ResultsAsync(state, fakeBoundParameters, pattern));
            return results.Wait(Patience) ? results.Result : [];
        }
        catch (Exception)
        {
            // A completer that throws spoils the command line; there is nobody to tell.
            return [];
        }
    }

    /// <summary>What is offered for what was typed: by default the names that fit, in their order.</summary>
    protected virtual async Task<List<CompletionResult>> ResultsAsync(RunspaceHost state, IDictionary given, WildcardPattern pattern) =>
    [
        .. (await NamesAsync(state, given).ConfigureAwait(false)).Where(pattern.IsMatch)
            .Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase).Select(name => new CompletionResult(name)),
    ];

    /// <summary>The names that there are, whatever was typed; what is shown otherwise replaces the whole.</summary>
    protected virtual Task<List<string>> NamesAsync(RunspaceHost state, IDictionary given) => Task.FromResult<List<string>>([]);

    protected static object? SessionOf(IDictionary given) => given["Session"] is PSObject wrapped ? wrapped.BaseObject : given["Session"];

    /// <summary>What was given for another parameter on the same line, as names.</summary>
    protected static string[] Given(IDictionary given, string parameter) =>
        LanguagePrimitives.TryConvertTo(given[parameter], out string[] names) ? [.. names.Where(name => !string.IsNullOrEmpty(name))] : [];

    /// <summary>A value, and what is said of it beside; both may come from elsewhere.</summary>
    protected static CompletionResult Described(string value, string what) =>
        new(value, value, CompletionResultType.ParameterValue, DisplayText.FirstLine(what));

    protected static async Task<List<ClientInfo>> ClientsAsync(RunspaceHost state, IDictionary given)
    {
        using var deadline = new CancellationTokenSource(Patience);
        var clients = new List<ClientInfo>();
        await foreach (ClientInfo client in state.FleetOf(SessionOf(given)).FindClientsAsync(new ClientFilter(), deadline.Token).ConfigureAwait(false))
            clients.Add(client);
        return clients;
    }
}
