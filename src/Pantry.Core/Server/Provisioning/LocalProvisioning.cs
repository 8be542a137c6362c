using System.Text;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Server.Provisioning;

/// <summary>Packages and applications of a server in the same process, as the server's own operator sees them.</summary>
/// <param name="desks">What the server does.</param>
/// <param name="running">The server's own operator; throws where the server was stopped, or the operator was taken away.</param>
internal sealed class LocalProvisioning(ProvisioningDesks desks, Func<OperatorEntry> running) : IProvisioning
{
    public IAsyncEnumerable<PackageInfo> FindPackagesAsync(PackageFilter filter, CancellationToken cancellation) => desks.Packages.List(filter, running(), null).ToAsyncEnumerable();

    public Task<PackageInfo?> PublishAsync(PublishPackage request, CancellationToken cancellation) =>
        Task.Run(() => desks.Packages.PublishAsync(request, running(), null), cancellation);

    public Task<PackageInfo> RemovePackageAsync(RemovePackage request, CancellationToken cancellation) =>
        Task.Run(() => desks.Packages.RemoveAsync(request, running(), null), cancellation);

    public IAsyncEnumerable<PackagesVerified> VerifyPackagesAsync(CancellationToken cancellation) => desks.Verification(running(), null).Run().ToAsyncEnumerable();

    public IAsyncEnumerable<ApplicationInfo> FindApplicationsAsync(ApplicationFilter filter, CancellationToken cancellation) =>
        desks.Applications.List(filter, running()).ToAsyncEnumerable();

    public Task<ApplicationInfo> ReadApplicationAsync(string name, int? revision, CancellationToken cancellation) =>
        Task.Run(() => desks.Applications.Open(new ReadApplication(name, revision), running(), null), cancellation);

    public Task<ApplicationSaved> SaveApplicationAsync(SaveApplication request, string document, CancellationToken cancellation) =>
        Task.Run(() => desks.Applications.SaveAsync(request, Encoding.UTF8.GetBytes(document), running(), null), cancellation);

    public Task<ApplicationInfo> RemoveApplicationAsync(RemoveApplication request, CancellationToken cancellation) =>
        Task.Run(() => desks.Applications.RemoveAsync(request, running(), null), cancellation);

    public IAsyncEnumerable<PantryPlan> FindPlansAsync(ClientFilter filter, CancellationToken cancellation) => desks.Plans.List(filter, running()).ToAsyncEnumerable();

    public IAsyncEnumerable<PlanShare> MakePlansAsync(Target target, CancellationToken cancellation) => desks.Plans.Share(target, running()).ToAsyncEnumerable();

    public IAsyncEnumerable<ProvisionReport> FindReportsAsync(ReportFilter filter, CancellationToken cancellation) =>
        desks.Reports.List(filter, running()).Select(entry => entry.ToReport()).ToAsyncEnumerable();
}
