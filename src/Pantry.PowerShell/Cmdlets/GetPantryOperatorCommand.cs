using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Lists the operators that may give orders.</summary>
[Cmdlet(VerbsCommon.Get, "PantryOperator")]
[OutputType(typeof(OperatorInfo))]
public sealed class GetPantryOperatorCommand : FleetCmdlet
{
    /// <summary>Names; wildcards are permitted.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(OperatorCompleter))]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        NamePattern[] patterns = Checked(() => (Name ?? ["*"]).Select(name => new NamePattern(name)).ToArray());
        string[] literal = [.. (Name ?? []).Where((_, index) => patterns[index].IsLiteral)];
        Run(async (output, cancellation) =>
        {
            (OperatorList list, _) = await fleet.ListOperatorsAsync(cancellation).ConfigureAwait(false);
            foreach (OperatorInfo entry in list.Operators.Where(entry => patterns.Any(pattern => pattern.Matches(entry.Name))).OrderBy(entry => entry.Name, Names.Comparer))
                await output.WriteAsync(entry).ConfigureAwait(false);
            foreach (string missing in literal.Where(name => !list.Operators.Any(entry => Names.Same(entry.Name, name))))
            {
                await output.ErrorAsync(new PantryException(PantryErrorCode.NoMatchingOperator,
                    $"There is no operator '{DisplayText.Clean(missing, 80)}'. Get-PantryOperator without a name lists all.")
                { Target = missing }).ConfigureAwait(false);
            }
        });
    }
}
