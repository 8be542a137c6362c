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
    // Clients of one answer.
    private const int ClientsPerShare = 1000;

    /// <summary>Makes the plans of clients at this moment; what they share is made once.</summary>
    /// <exception cref="PantryException">The client has no application, the application no document, or its versions contradict each other.</exception>
    public Func<ClientLabels, WrittenPlan> Writer()
    {
        var writers = new Dictionary<string, PlanWriter>(Names.Comparer);
        return client =>
        {
            string application = client.Application ?? throw new PantryException(PantryErrorCode.NoMatchingApplication,
                $"The client '{client.Identity}' belongs to no application, so nothing says what it gets. Enrol it with -Application.")
            { Target = client.Identity };
            if (!writers.TryGetValue(application, out PlanWriter? writer))
            {
                (int revision, ApplicationDocument document) = shelf.Find(application) ?? throw new PantryException(PantryErrorCode.NoMatchingApplication,
                    $"There is no document of the application '{application}', to which the client '{client.Identity}' belongs. Make one with New-PantryApplication {application}.")
                { Target = application };
                writers[application] = writer = new PlanWriter(document, revision, packages.Catalog);
            }

            return writer.Write(client);
        };
    }

    /// <summary>Plans of the clients that match and that the operator may provision; one that cannot be made says why.</summary>
    public IEnumerable<PantryPlan> List(ClientFilter filter, OperatorEntry by)
    {
        Func<ClientLabels, WrittenPlan> writer = Writer();
        foreach (ClientLabels client in Clients(filter, by))
        {
            (WrittenPlan? plan, CommandError? fault) = Try(writer, client);
            yield return plan?.For(client.Identity) ?? new PantryPlan { Client = client.Identity, Application = client.Application, Error = fault };
        }
    }

    /// <summary>The plan documents of a target's clients, as far as the operator may provision them, and who shares which.</summary>
    public IEnumerable<PlanShare> Share(Target target, OperatorEntry by)
    {
        Func<ClientLabels, WrittenPlan> writer = Writer();
        var filter = new ClientFilter { Identities = target is { Everyone: false, Streams.Count: 0, Labels: null } ? target.Identities : [] };
        var planned = Clients(filter, by).Where(client => TargetMatcher.Matches(target, client)).Select(client => (client.Identity, Made: Try(writer, client))).ToList();
        foreach (var same in planned.GroupBy(client => client.Made.Plan?.Digest ?? client.Made.Fault!.Message))
        {
            foreach (string[] some in same.Select(client => client.Identity).Chunk(ClientsPerShare))
                yield return new PlanShare(some, same.First().Made.Plan?.Bytes, same.First().Made.Fault);
        }
    }

    /// <summary>The plan, or why there is none.</summary>
    public static (WrittenPlan? Plan, CommandError? Fault) Try(Func<ClientLabels, WrittenPlan> writer, ClientLabels client)
    {
        try
        {
            return (writer(client), null);
        }
        catch (PantryException refused)
        {
            return (null, new CommandError(refused.Code.ToString(), refused.Message));
        }
    }

    private IEnumerable<ClientLabels> Clients(ClientFilter filter, OperatorEntry by) => registry.List(filter)
        .OrderBy(client => client.Identity, Names.Comparer)
        .Select(client => ClientLabels.Create(client.Identity, client.Application, client.Environment, client.Roles))
        .Where(client => ProvisioningRights.MayPlan(by, client));
}
