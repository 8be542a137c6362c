using System.Management.Automation;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Makes what a client needs to join, once. It has the client's name and labels, where the server is and which key it has, and
/// a key that lets the client's own key in. Whoever has it first can use it: keep it secret until then.
/// </summary>
[Cmdlet(VerbsCommon.New, "PantryEnrollment", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(Enrollment))]
public sealed class NewPantryEnrollmentCommand : FleetCmdlet
{
    private readonly List<string?> _identities = [];

    /// <summary>Identity of the client; without one the client uses its host name.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public string[]? Identity { get; set; }

    /// <summary>The application that the client is for.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ApplicationCompleter))]
    public string? Application { get; set; }

    /// <summary>The stage the client belongs to, such as test.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(EnvironmentCompleter))]
    public string? Environment { get; set; }

    /// <summary>The client's roles.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RoleCompleter))]
    public string[]? Role { get; set; }

    /// <summary>How long the enrolment is good for; plain numbers are seconds. By default 7 days.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan ExpiresIn { get; set; }

    /// <summary>A file to write the enrolment to; only its owner can read it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? OutFile { get; set; }

    /// <summary>Replaces a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _identities.AddRange(Identity ?? (MyInvocation.ExpectingInput ? [] : (string?[])[null]));

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        string? file = OutFile is null ? null : Checked(() => File());
        string[] roles = Checked(() => ClientLabels.Create("any", Application, Environment, Role)).Roles.ToArray();
        string?[] wanted = [.. _identities.Where(identity => ShouldProcess(identity ?? "a client by its host name", "Make an enrolment"))];
        Run(async (output, cancellation) =>
        {
            foreach (string? identity in wanted)
            {
                try
                {
                    if (identity is not null)
                        Names.RequireIdentity(identity);
                    // An enrolment whose file could not be written would stay open without anybody who has it.
                    if (file is not null)
                        EnrollmentFile.Try(file);
                    Enrollment enrollment = await fleet.EnrolAsync(
                        new Enrol(identity, Application, Environment, roles, ExpiresIn.TotalSeconds), cancellation).ConfigureAwait(false);
                    if (file is not null)
                        await SaveAsync(fleet, file, enrollment, cancellation).ConfigureAwait(false);
                    if (Advice.OnLabels(enrollment.Identity, enrollment.Application, enrollment.Environment, enrollment.Roles) is { } unlabelled)
                        await output.WarningAsync(unlabelled).ConfigureAwait(false);
                    await output.WriteAsync(enrollment).ConfigureAwait(false);
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, identity).ConfigureAwait(false);
                }
            }
        });
    }

    private static async Task SaveAsync(IFleet fleet, string file, Enrollment enrollment, CancellationToken cancellation)
    {
        try
        {
            EnrollmentFile.Save(file, enrollment);
        }
        catch (PantryException)
        {
            await fleet.WithdrawEnrollmentAsync(enrollment.Id, cancellation).ConfigureAwait(false);
            throw;
        }
    }

    private string File()
    {
        string path = FileSystemPath(OutFile!);
        if (_identities.Count > 1)
            throw Invalid("One file holds one enrolment. Make them one by one, each with a file of its own.", path);
        if (System.IO.File.Exists(path) && !Force)
            throw Invalid($"'{path}' is there already. Give another name, or -Force to replace it.", path);
        return path;
    }
}
