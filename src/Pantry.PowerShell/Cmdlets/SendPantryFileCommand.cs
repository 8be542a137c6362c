using System.Management.Automation;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Operators;
using Pantry.PowerShell.Jobs;
using Pantry.PowerShell.Results;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Sends files and directories of this machine to clients, and writes a result for each target as it comes. What the server or a client has already is not sent
/// again; what a client has is complete or as it was before. All targets, piped ones too, are one order.
/// </summary>
[Cmdlet(VerbsCommunications.Send, "PantryFile", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium, DefaultParameterSetName = "Path")]
[OutputType(typeof(CommandResult))]
[OutputType(typeof(PantryJob))]
public sealed class SendPantryFileCommand : OrderCmdlet
{
    /// <summary>Files and directories; wildcards are permitted. A directory is sent with all that is in it.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Path")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>Files and directories whose names are taken as they stand.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath")]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>The directory on the clients that the files are written into, as a full path; it is made where it is missing.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = "";

    /// <summary>What is left out: names, or paths from the top of what is sent, with * within a name and ** across directories.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Exclude { get; set; } = [];

    /// <summary>
    /// From Windows to Windows: files and directories get the entries of their access lists that they do not inherit. Owners and audit entries are never sent. A client that is no
    /// Windows machine refuses such files.
    /// </summary>
    [Parameter]
    public SwitchParameter KeepAcl { get; set; }

    /// <summary>Bytes a second that go to the server, and from it to each client, at most.</summary>
    [Parameter]
    [ValidateRange(1024, long.MaxValue)]
    public long BandwidthLimit { get; set; }

    /// <summary>Once the files are at the server, goes on in the background, as a job with a child for each client.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        Targeting.Target target = Checked(Target);
        RolloutPlan plan = Checked(Plan);
        TreeItem[] items = Checked(Items);
        string what = $"Send {FilesText.Of(items.Select(item => item.Name))} to '{DisplayText.FirstLine(Destination, 200)}'";
        if (!ShouldProcess(Whom(fleet, target), what))
            return;
        TimeSpan timeout = Timeout > TimeSpan.Zero ? Timeout : FilesText.UsualTimeout;
        Run(async (output, cancellation) =>
        {
            string tree = await BringAsync(fleet, items, output, what, cancellation).ConfigureAwait(false);
            var request = new JobRequest
            {
                Target = target,
                Command = FileOrders.Receive,
                Format = BodyFormat.Json,
                Arguments = FileOrders.Write(new ReceiveFilesArguments(tree, Destination, BandwidthLimit > 0 ? BandwidthLimit : null)),
                Timeout = timeout,
                DeliveryTimeout = DeliveryTimeout,
                // A client that was restarted in the middle goes on with it.
                ValidFor = ValidFor > TimeSpan.Zero || Queue || BatchSize is not null || Canary is not null ? ValidFor : timeout,
                Plan = plan,
            };
            IJob job = await fleet.StartJobAsync(request, cancellation).ConfigureAwait(false);
            await (AsJob ? PostAsJobAsync(output, job, request, what, cancellation) : new RowPrinter(output, what).RunAsync(job, request.Command, live: false, cancellation)).ConfigureAwait(false);
        });
    }

    private async Task<string> BringAsync(IFleet fleet, TreeItem[] items, CmdletOutput output, string what, CancellationToken cancellation)
    {
        var progress = new BytesLine(output, what) { Step = "Read" };
        await using (progress.ConfigureAwait(false))
        {
            using LocalTree tree = new TreeReader(new FileLimits()) { Exclude = Exclude, KeepsAcls = KeepAcl, Progress = progress }.Read(items, cancellation);
            progress.Step = "Sent to the server";
            ByteRate? rate = BandwidthLimit > 0 ? new ByteRate(BandwidthLimit, TimeProvider.System) : null;
            long sent = await fleet.Trees.SendAsync(tree, null, rate, progress, cancellation).ConfigureAwait(false);
            await output.VerboseAsync($"{tree.Tree.Files.Count():N0} files with {tree.Tree.Size:N0} bytes; {sent:N0} bytes were sent to the server.").ConfigureAwait(false);
            return tree.Tree.Digest.ToString();
        }
    }

    private TreeItem[] Items()
    {
        if (KeepAcl)
            _ = FilesText.RequireAcls();
        string[] paths = ParameterSetName == "LiteralPath" ? [.. LiteralPath.Select(FileSystemPath)] : [.. Path.SelectMany(FileSystemPaths)];
        return [.. paths.Select(System.IO.Path.TrimEndingDirectorySeparator).Distinct().Select(path => System.IO.Path.GetFileName(path) is { Length: > 0 } name
            ? new TreeItem(System.IO.Path.GetDirectoryName(path)!, name, name)
            : throw Invalid("The root of a drive cannot be sent. Name what is in it.", path))];
    }
}
