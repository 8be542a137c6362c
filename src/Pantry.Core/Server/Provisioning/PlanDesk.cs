using Pantry.Protocol;
using Pantry.Provisioning.Applications;
using Pantry.Provisioning.Resolution;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Provisioning;

/// <summary>Makes the plans of clients from what is stored now.</summary>
internal sealed class PlanDesk(ApplicationShelf shelf, PackageStore packages, ClientRegistry registry)
{
    /// <exception cref="PantryException">The client has no application, the application no document, or its versions contradict each other.</exception>
    public ResolvedPlan Make(ClientLabels client)
    {
        if (client.Application is not { } application)
        {
            throw new PantryException(PantryErrorCode.NoMatchingApplication,
                $"The client '{client.Identity}' belongs to no application, so nothing says what it gets. Enrol it with -Application.")
            { Target = client.Identity };
        }

        (int revision, ApplicationDocument document) = shelf.Find(application) ?? throw new PantryException(PantryErrorCode.NoMatchingApplication,
            $"There is no document of the application '{application}', to which the client '{client.Identity}' belongs. Make one with New-PantryApplication {application}.")
        { Target = application };
        return PlanMaker.Make(document, revision, client, packages.Catalog);
    }

    /// <summary>Plans of the clients that match and that the operator may provision; one that cannot be made says why.</summary>
    public IEnumerable<PantryPlan> List(ClientFilter filter, OperatorEntry by)
    {
        foreach (ClientInfo client in registry.List(filter).OrderBy(client => client.Identity, Names.Comparer))
        {
            ClientLabels labels = ClientLabels.Create(client.Identity, client.Application, client.Environment, client.Roles);
            if (ProvisioningRights.MayPlan(by, labels))
                yield return Shown(labels);
        }
    }

    private PantryPlan Shown(ClientLabels client)
    {
        try
        {
            return Shown(Make(client));
        }
        catch (PantryException refused)
        {
            return new PantryPlan { Client = client.Identity, Application = client.Application, Error = new CommandError(refused.Code.ToString(), refused.Message) };
        }
    }

    private static PantryPlan Shown(ResolvedPlan plan) => new()
    {
        Client = plan.Client,
        Application = plan.Application,
        Revision = plan.Revision,
        Packages = [.. plan.Packages.Select(edition => new PantryPlanPackage(
            edition.Declaration.Name, edition.Declaration.Version.ToString(), edition.Declaration.Kind, edition.Digest, plan.Named.Contains(edition.Declaration.Name, Names.Comparer)))],
        Parameters = ParameterJson.ToText(plan.Parameters),
        Secrets = plan.Secrets,
        Steps = [.. plan.Steps.Select(step => new PantryPlanStep(
            step.Package.Declaration.Name, step.Package.Declaration.Version.ToString(), step.Provisioner, step.Entry))],
    };
}
