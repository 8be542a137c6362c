using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Server.Provisioning;

/// <summary>
/// What operators may do with packages and applications. An administrator may do all of it; others what their scopes cover,
/// by the names of these commands. A package's name counts as a stream, so that <c>shop:Publish</c> is for shop and shop.web.
/// </summary>
internal sealed class ProvisioningRights(ServerAudit audit)
{
    /// <summary>Publishes and removes packages.</summary>
    public const string Publish = "Publish";

    /// <summary>Reads and changes applications' documents.</summary>
    public const string Application = "Application";

    /// <summary>Provisions clients, and so sees their plans and their application.</summary>
    public const string Provision = ProvisionOrders.CommandName;

    private static readonly string[] All = [Publish, Application, Provision];

    public void RequirePublish(OperatorEntry by, string? from, string action, string package) =>
        Require(MayPublish(by, package), by, from, action, package, $"packages of that name, for which a scope such as '{package}:{Publish}' or '*:{Publish}' is needed");

    public void RequirePackages(OperatorEntry by, string? from, string action) =>
        Require(MaySeePackages(by), by, from, action, null, $"packages, for which a scope with one of the commands {string.Join(", ", All)} is needed");

    public void RequireChange(OperatorEntry by, string? from, string action, string application) =>
        Require(Covers(by, Application, application), by, from, action, application, $"that application, for which a scope such as '{application}:{Application}' is needed");

    public void RequireRead(OperatorEntry by, string? from, string action, string application) =>
        Require(MayRead(by, application), by, from, action, application, $"that application, for which a scope such as '{application}:{Application}' or '{application}:{Provision}' is needed");

    public void RequireAdministrator(OperatorEntry by, string? from, string action, string? target, string what) => Require(by.Administrator, by, from, action, target, what);

    public static bool MayRead(OperatorEntry by, string application) => Covers(by, Application, application) || Covers(by, Provision, application);

    public static bool MayPlan(OperatorEntry by, ClientLabels client) => by.Administrator || Scopes.Covers(by.Scopes, Provision, client);

    /// <summary>Files are no package's yet when they are brought.</summary>
    public static bool MayPublishAny(OperatorEntry by) => by.Administrator || Scopes.For(by.Scopes, Publish).Count > 0;

    /// <summary>Packages are the whole fleet's: who works with any sees all.</summary>
    public static bool MaySeePackages(OperatorEntry by) => by.Administrator || All.Any(command => Scopes.For(by.Scopes, command).Count > 0);

    private static bool MayPublish(OperatorEntry by, string package) => Covers(by, Publish, package);

    private static bool Covers(OperatorEntry by, string command, string stream) =>
        by.Administrator || Scopes.For(by.Scopes, command).Any(scope => scope.CoversTarget(stream));

    private void Require(bool may, OperatorEntry by, string? from, string action, string? target, string what)
    {
        if (may)
            return;
        audit.Note(by, from, action, DisplayText.Clean(target, Names.MaxNameLength), nameof(PantryErrorCode.OutOfScope));
        throw new PantryException(PantryErrorCode.OutOfScope, $"The operator '{by.Name}' may not work with {what}. An administrator may, or can give the scope.") { Target = target };
    }
}
