using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Makes an operator with keys of its own, and the file that Connect-PantryServer takes. The secret keys are in that file
/// and nowhere else: the server never has them.
/// </summary>
[Cmdlet(VerbsCommon.New, "PantryOperator", SupportsShouldProcess = true)]
[OutputType(typeof(OperatorInfo))]
public sealed class NewPantryOperatorCommand : OperatorCmdlet
{
    /// <summary>Unique name of the operator.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    public string Name { get; set; } = "";

    /// <summary>What the operator may order, as streams:commands, such as 'shop.live,shop.test:Shell,Script' or '*:*'.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(StreamCompleter))]
    public string[] Scope { get; set; } = [];

    /// <summary>The file for the operator's keys, which must not be there; only its owner can read it.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string OutFile { get; set; } = "";

    /// <summary>How long the operator may give orders; plain numbers are seconds. By default until revoked.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan? ExpiresIn { get; set; }

    /// <summary>Lets the operator decide about clients, enrolments and operators too, and read the audit log.</summary>
    [Parameter]
    public SwitchParameter Administrator { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        string name = Checked(() => Names.RequireIdentity(Name, "operator name"));
        string[] scopes = Checked(() => Scope.Select(scope => OperatorScope.Parse(scope).ToString()!).ToArray());
        string file = Checked(File);
        using SigningKey? root = Checked(RootKey);
        string rights = $"{string.Join(' ', scopes)}{(Administrator ? ", administrator" : "")}";
        if (!ShouldProcess($"{name} ({rights})", "Make a Pantry operator"))
            return;
        Run(async (output, cancellation) =>
        {
            DateTimeOffset now = DateTimeOffset.UtcNow;
            await output.WriteAsync(await NewOperator.IssueAsync(
                fleet.Place, name, scopes, Administrator, ExpiresIn is { } time ? now + time : null, file,
                request => OfflineRoot.AddAsync(fleet, root, request, now, cancellation)).ConfigureAwait(false)).ConfigureAwait(false);
        });
    }

    private string File()
    {
        string path = FileSystemPath(OutFile);
        return !System.IO.File.Exists(path) ? path : throw Invalid($"'{path}' is there already. Keys are never replaced: give another name.", path);
    }
}
