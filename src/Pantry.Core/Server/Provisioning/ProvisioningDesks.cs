using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Security;
using Pantry.Server.Jobs;

namespace Pantry.Server.Provisioning;

/// <summary>All that a server does about packages, applications and reports.</summary>
internal sealed class ProvisioningDesks : IAsyncDisposable
{
    private readonly ServerState _state;
    private readonly ProvisioningRights _rights;
    private readonly PantryOptions _options;

    public ProvisioningDesks(ServerState state, ClientRegistry registry, JobDispatcher jobs, JobsAtWork atWork, PantryOptions options, TimeProvider time, ILogger log)
    {
        _state = state;
        _options = options;
        _rights = new ProvisioningRights(state.Audit);
        var shelf = new ApplicationShelf(state.Provisioning.Applications);
        var use = new PackageUse(state.Provisioning.Applications, shelf, state.Provisioning.Packages, registry);
        Plans = new PlanDesk(shelf, state.Provisioning.Packages, registry);
        Pins = new PlanPins(Plans, state.Provisioning.Pins, jobs, atWork);
        Packages = new PackageDesk(state.Provisioning.Packages, state.Files, use, Pins, _rights, state.Audit, options, time);
        Applications = new ApplicationDesk(state.Provisioning.Applications, shelf, state.Provisioning.Packages, _rights, state.Audit, options, time);
        Access = new PackageAccess(state.Provisioning.Applications, state.Provisioning.Packages, Plans, Pins, registry);
        jobs.Terms = Pins.Fix;
        state.Files.Keep(Pins.Wanted);
        Taker = new ReportTaker(state.Jobs, state.Provisioning.Reports, state.Provisioning.Pins, options, time, log)
        {
            Changed = late => state.Audit.LateResult(late.Client, late.Key, late.Job, late.Status),
        };
        jobs.ReportsDue = Taker.Due;
        Reports = new ReportDesk(state.Provisioning.Reports, Taker, registry, Plans, options);
    }

    public PackageDesk Packages { get; }

    public ApplicationDesk Applications { get; }

    public PlanDesk Plans { get; }

    /// <summary>The plans that jobs were signed for.</summary>
    public PlanPins Pins { get; }

    public ReportDesk Reports { get; }

    /// <summary>Takes reports out of clients' rows.</summary>
    public ReportTaker Taker { get; }

    /// <summary>Who may fetch the files of packages, and bring some.</summary>
    public PackageAccess Access { get; }

    /// <summary>Checks everything that packages have; for administrators.</summary>
    public PackageVerification Verification(OperatorEntry by, string? from)
    {
        _rights.RequireAdministrator(by, from, "PackageStoreVerified", null, "the whole store of packages");
        return new PackageVerification(_state.Provisioning.Packages, _state.Files.Store, _options);
    }

    public ValueTask DisposeAsync() => Taker.DisposeAsync();
}
