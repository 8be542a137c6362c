using System.Text;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Operators;

/// <summary>Packages and applications of a server elsewhere.</summary>
internal sealed class RemoteProvisioning(FleetRequests requests) : IProvisioning
{
    public IAsyncEnumerable<PackageInfo> FindPackagesAsync(PackageFilter filter, CancellationToken cancellation) =>
        requests.ListAsync<PackagePage, PackageInfo>(MessageKind.ListPackages, new ListPackages(filter), page => (page.Packages, page.Last), cancellation);

    public async Task<PackageInfo?> PublishAsync(PublishPackage request, CancellationToken cancellation) =>
        (await requests.AskAsync<PackagePublished>(MessageKind.PublishPackage, request, cancellation).ConfigureAwait(false)).Package;

    public async Task<PackageInfo> RemovePackageAsync(RemovePackage request, CancellationToken cancellation) =>
        (await requests.AskAsync<PackageRemoved>(MessageKind.RemovePackage, request, cancellation).ConfigureAwait(false)).Package;

    public IAsyncEnumerable<PackagesVerified> VerifyPackagesAsync(CancellationToken cancellation) => requests.ListAsync<PackagesVerified, PackagesVerified>(
        MessageKind.VerifyPackages, new VerifyPackages(), page => ([page], page.Last), cancellation);

    public IAsyncEnumerable<ApplicationInfo> FindApplicationsAsync(ApplicationFilter filter, CancellationToken cancellation) => requests.ListAsync<ApplicationPage, ApplicationInfo>(
        MessageKind.ListApplications, new ListApplications(filter), page => (page.Applications, page.Last), cancellation);

    public async Task<ApplicationInfo> ReadApplicationAsync(string name, int? revision, CancellationToken cancellation)
    {
        Message answer = await requests.AskAsync(MessageKind.ReadApplication, new ReadApplication(name, revision), [], cancellation).ConfigureAwait(false);
        return requests.Expect<ApplicationRead>(answer).Application with { Document = Encoding.UTF8.GetString(answer.Body(0)) };
    }

    public async Task<ApplicationSaved> SaveApplicationAsync(SaveApplication request, string document, CancellationToken cancellation) =>
        await requests.AskAsync<ApplicationSaved>(MessageKind.SaveApplication, request, [Encoding.UTF8.GetBytes(document)], cancellation).ConfigureAwait(false);

    public async Task<ApplicationInfo> RemoveApplicationAsync(RemoveApplication request, CancellationToken cancellation) =>
        (await requests.AskAsync<ApplicationSaved>(MessageKind.RemoveApplication, request, cancellation).ConfigureAwait(false)).Application;

    public IAsyncEnumerable<PantryPlan> FindPlansAsync(ClientFilter filter, CancellationToken cancellation) =>
        requests.ListAsync<PlanPage, PantryPlan>(MessageKind.PlanClients, new PlanClients(filter), page => (page.Plans, page.Last), cancellation);

    public IAsyncEnumerable<PlanShare> MakePlansAsync(Target target, CancellationToken cancellation) =>
        requests.ListAsync<PlansMade, PlanShare>(MessageKind.MakePlans, new MakePlans(target), page => (page.Plans, page.Last), cancellation);

    public IAsyncEnumerable<ProvisionReport> FindReportsAsync(ReportFilter filter, CancellationToken cancellation) =>
        requests.ListAsync<ReportPage, ReportEntry>(MessageKind.ListReports, new ListReports(filter), page => (page.Reports, page.Last), cancellation).Select(entry => entry.ToReport());
}
