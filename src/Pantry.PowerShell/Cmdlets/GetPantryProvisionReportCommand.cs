using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Shows what came of provisioning clients, the newest first; by default the last run of each client and package.</summary>
[Cmdlet(VerbsCommon.Get, "PantryProvisionReport", DefaultParameterSetName = "Last")]
[OutputType(typeof(ProvisionReport))]
public sealed class GetPantryProvisionReportCommand : ClientFilterCmdlet
{
    private readonly List<string> _clients = [];
    private readonly List<string> _jobs = [];

    /// <summary>Clients by name, or what Get-PantryClient or an order brought; wildcards are permitted.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Identity")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(IdentityCompleter))]
    public string[]? Client { get; set; }

    /// <summary>Names of packages; wildcards are permitted.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(PackageCompleter))]
    public string[]? Package { get; set; }

    /// <summary>Reports that came with jobs; wildcards are permitted.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(JobCompleter))]
    public string[]? JobId { get; set; }

    /// <summary>Reports that the server had from this moment on.</summary>
    [Parameter]
    public DateTime? Since { get; set; }

    /// <summary>Reports that the server had up to this moment.</summary>
    [Parameter]
    public DateTime? Until { get; set; }

    /// <summary>So many runs of each client and package, the last ones; by default 1.</summary>
    [Parameter(ParameterSetName = "Last")]
    [ValidateRange(1, int.MaxValue)]
    public int Last { get; set; } = 1;

    /// <summary>All runs that are kept.</summary>
    [Parameter(ParameterSetName = "History", Mandatory = true)]
    public SwitchParameter History { get; set; }

    /// <summary>
    /// Of these, the reports with one of the statuses. Failed is what a tool said; of a run that left no report, for its client ended or went away in the middle,
    /// stands Lost. So what went wrong is Failed, TimedOut, Cancelled, Lost.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public ProvisionStatus[]? Status { get; set; }

    /// <summary>Of these, the reports that show that something else had changed the machine.</summary>
    [Parameter]
    public SwitchParameter Drift { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        _clients.AddRange(Client ?? []);
        _jobs.AddRange(JobId ?? []);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        // An empty pipeline means nobody, not everybody.
        if (_clients.Count + _jobs.Count == 0 && MyInvocation.ExpectingInput)
            return;
        IFleet fleet = Checked(Fleet);
        var filter = new ReportFilter
        {
            Clients = Filter([.. _clients.Distinct(Names.Comparer)]),
            Packages = Package ?? [],
            Jobs = [.. _jobs.Distinct(StringComparer.Ordinal)],
            Since = Since?.ToUniversalTime(),
            Until = Until?.ToUniversalTime(),
            Last = History ? null : Last,
            Statuses = [.. (Status ?? []).Distinct()],
            Drift = Drift,
        };
        // Who asks for more than names knows that there may be nothing.
        bool byNameAlone = filter is { Packages.Count: 0, Jobs.Count: 0, Since: null, Until: null, Statuses.Count: 0, Drift: false };
        Run(async (output, cancellation) =>
        {
            var missing = new HashSet<string>(byNameAlone ? filter.Clients.Identities.Where(name => new NamePattern(name).IsLiteral) : [], Names.Comparer);
            await foreach (ProvisionReport report in fleet.Provisioning.FindReportsAsync(filter, cancellation).ConfigureAwait(false))
            {
                missing.Remove(report.Client);
                await output.WriteAsync(report).ConfigureAwait(false);
            }

            foreach (string identity in missing)
            {
                await output.ErrorAsync(new PantryException(PantryErrorCode.NoMatchingClient,
                    $"There is no provisioning report of a client '{DisplayText.Clean(identity, 80)}' that matches and that you may provision. Check the name, and whether it was provisioned.")
                { Target = identity }).ConfigureAwait(false);
            }
        });
    }
}
