using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Results;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Reads everything that packages have on the server and compares it with its hash. What is missing or damaged is named by package and file.</summary>
[Cmdlet(VerbsDiagnostic.Test, "PantryPackageStore")]
[OutputType(typeof(PackageStoreCheck))]
public sealed class TestPantryPackageStoreCommand : FleetCmdlet
{
    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        Run(async (output, cancellation) =>
        {
            var problems = new List<PackageStoreProblem>();
            var check = new PackageStoreCheck();
            var bytes = new BytesLine(output, "Checking the store of packages") { Step = "Reading" };
            await using (bytes.ConfigureAwait(false))
            {
                await foreach (PackagesVerified page in fleet.Provisioning.VerifyPackagesAsync(cancellation).ConfigureAwait(false))
                {
                    problems.AddRange(page.Check.Problems);
                    check = page.Check;
                    bytes.Report(check.Bytes);
                }
            }

            check = check with { Problems = problems };
            await output.WriteAsync(check).ConfigureAwait(false);
            if (!check.IsIntact)
                await output.ErrorAsync(ErrorMap.ToRecord(check)).ConfigureAwait(false);
        });
    }
}
