using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Makes a one-time token that lets in one client whose name matches. Whoever has it can use it; the server keeps only its
/// hash, so its property Token is all there is of it. What the client says of itself must be the token's; for what it
/// leaves unsaid it takes the token's, by the server's word.
/// </summary>
[Cmdlet(VerbsCommon.New, "PantryEnrollmentToken", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(EnrollmentToken))]
public sealed class NewPantryEnrollmentTokenCommand : FleetCmdlet
{
    /// <summary>Names that the token is good for; wildcards are permitted.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Pattern { get; set; } = [];

    /// <summary>The application that the client is for.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ApplicationCompleter))]
    public string? Application { get; set; }

    /// <summary>The stage the client belongs to, such as test.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(EnvironmentCompleter))]
    public string? Environment { get; set; }

    /// <summary>Roles that the client may have.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RoleCompleter))]
    public string[]? Role { get; set; }

    /// <summary>How long the token is good for; plain numbers are seconds. By default 7 days.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan ExpiresIn { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        string[] roles = Checked(() => ClientLabels.Create("any", Application, Environment, Role)).Roles.ToArray();
        string[] wanted = [.. Pattern.Where(pattern => ShouldProcess(pattern, "Make a token"))];
        Run(async (output, cancellation) =>
        {
            foreach (string pattern in wanted)
            {
                try
                {
                    NamePattern.Require(pattern);
                    EnrollmentToken token = await fleet.CreateTokenAsync(
                        new CreateToken(pattern, Application, Environment, roles, ExpiresIn.TotalSeconds), cancellation).ConfigureAwait(false);
                    if (Advice.OnLabels(pattern, token.Application, token.Environment, token.Roles) is { } unlabelled)
                        await output.WarningAsync(unlabelled).ConfigureAwait(false);
                    await output.WriteAsync(token).ConfigureAwait(false);
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, pattern).ConfigureAwait(false);
                }
            }
        });
    }
}
