using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Operators;

/// <summary>What an operator can ask of a server about packages, applications and reports.</summary>
internal interface IProvisioning
{
    /// <summary>Packages that match, by name, the newest version first.</summary>
    IAsyncEnumerable<PackageInfo> FindPackagesAsync(PackageFilter filter, CancellationToken cancellation);

    /// <summary>Publishes a package; null where the server lacks some of its files.</summary>
    /// <exception cref="PantryException">The version is there with other content, or the declaration does not stand.</exception>
    Task<PackageInfo?> PublishAsync(PublishPackage request, CancellationToken cancellation);

    /// <exception cref="PantryException">There is none, or an application uses it (PackageInUse).</exception>
    Task<PackageInfo> RemovePackageAsync(RemovePackage request, CancellationToken cancellation);

    /// <summary>Checks everything that packages have, and says what it finds and how far it is.</summary>
    IAsyncEnumerable<PackagesVerified> VerifyPackagesAsync(CancellationToken cancellation);

    /// <summary>Applications that match, without their documents.</summary>
    IAsyncEnumerable<ApplicationInfo> FindApplicationsAsync(ApplicationFilter filter, CancellationToken cancellation);

    /// <summary>An application with its document.</summary>
    Task<ApplicationInfo> ReadApplicationAsync(string name, int? revision, CancellationToken cancellation);

    /// <exception cref="PantryException">The document has an error, or the application was changed meanwhile.</exception>
    Task<ApplicationSaved> SaveApplicationAsync(SaveApplication request, string document, CancellationToken cancellation);

    Task<ApplicationInfo> RemoveApplicationAsync(RemoveApplication request, CancellationToken cancellation);

    /// <summary>What clients that match would get.</summary>
    IAsyncEnumerable<PantryPlan> FindPlansAsync(ClientFilter filter, CancellationToken cancellation);

    /// <summary>The plan documents of a target's clients, to be signed; of clients that the operator may not provision nothing is said.</summary>
    IAsyncEnumerable<PlanShare> MakePlansAsync(Target target, CancellationToken cancellation);

    /// <summary>What came of provisioning clients, the newest first.</summary>
    IAsyncEnumerable<ProvisionReport> FindReportsAsync(ReportFilter filter, CancellationToken cancellation);
}
