using System.Management.Automation;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.PowerShell.Results;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Fetches files and directories of clients into a directory for each client, and writes a result for each target as it comes. What is here or at the server
/// already is not sent again.
/// </summary>
[Cmdlet(VerbsCommunications.Receive, "PantryFile", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium, DefaultParameterSetName = "Path")]
[OutputType(typeof(CommandResult))]
public sealed class ReceivePantryFileCommand : OrderCmdlet
{
    /// <summary>Files and directories of the clients, as full paths; wildcards are permitted in names.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Path")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>Files and directories of the clients whose names are taken as they stand.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath")]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>A directory of this machine; each client's files are written into one of its name in it.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = "";

    /// <summary>What is left out: names, or paths from the top of what is sent, with * within a name and ** across directories.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Exclude { get; set; } = [];

    /// <summary>
    /// From Windows to Windows: files and directories get the entries of their access lists that they do not inherit. Owners and audit entries are never sent. A client that is no
    /// Windows machine has none to send, and fails.
    /// </summary>
    [Parameter]
    public SwitchParameter KeepAcl { get; set; }

    /// <summary>Bytes that one client may send at most, by default 1 GiB; one that has more sends none.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long MaxBytes { get; set; } = 1024L * 1024 * 1024;

    /// <summary>Bytes a second that come from each client to the server, and from it, at most.</summary>
    [Parameter]
    [ValidateRange(1024, long.MaxValue)]
    public long BandwidthLimit { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        Targeting.Target target = Checked(Target);
        RolloutPlan plan = Checked(Plan);
        string destination = Checked(() => FileSystemPath(Destination));
        if (KeepAcl)
            _ = Checked(FilesText.RequireAcls);
        bool literal = ParameterSetName == "LiteralPath";
        string[] paths = literal ? LiteralPath : Path;
        string what = $"Fetch {FilesText.Of(paths)} into '{DisplayText.FirstLine(destination, 200)}'";
        if (!ShouldProcess(Whom(fleet, target), what))
            return;
        long? limit = BandwidthLimit > 0 ? BandwidthLimit : null;
        TimeSpan timeout = Timeout > TimeSpan.Zero ? Timeout : FilesText.UsualTimeout;
        var request = new JobRequest
        {
            Target = target,
            Command = FileOrders.Offer,
            Format = BodyFormat.Json,
            Arguments = FileOrders.Write(new OfferFilesArguments(paths, literal, Exclude, MaxBytes, limit, KeepAcl)),
            Timeout = timeout,
            DeliveryTimeout = DeliveryTimeout,
            ValidFor = ValidFor > TimeSpan.Zero || Queue || BatchSize is not null || Canary is not null ? ValidFor : timeout,
            Plan = plan,
        };
        Run(async (output, cancellation) =>
        {
            IJob job = await fleet.StartJobAsync(request, cancellation).ConfigureAwait(false);
            var folders = new ClientFolders(fleet.Trees, destination, limit, new FileLimits(), output, what);
            await new RowPrinter(output, what) { Finish = folders.FetchAsync }.RunAsync(job, request.Command, live: false, cancellation).ConfigureAwait(false);
        });
    }
}
