using Pantry.Protocol;
using Pantry.Provisioning.Resolution;
using Pantry.Targeting;

namespace Pantry.Operators;

/// <summary>
/// The plans that an order is for, as the server has made them. What is signed is the digest of the very bytes that came, so the server cannot have another
/// plan applied than the one that was looked at here.
/// </summary>
internal sealed class PlanSet(Target target)
{
    private const int MostNamed = 3;

    private readonly SortedDictionary<string, WrittenPlan> _plans = new(Names.Comparer);
    private readonly SortedDictionary<string, CommandError> _faults = new(Names.Comparer);

    /// <summary>What is applied, in a line.</summary>
    public string Description
    {
        get
        {
            string[] steps = [.. Documents.SelectMany(plan => plan.Document.Steps).Select(step => $"{step.Package} {step.Version}").Distinct()];
            string named = steps.Length == 0 ? "nothing" : string.Join(", ", steps.Take(MostNamed));
            return $"{named}{(steps.Length > MostNamed ? $" and {steps.Length - MostNamed} more" : "")}";
        }
    }

    private IEnumerable<WrittenPlan> Documents => _plans.Values.DistinctBy(plan => plan.Digest);

    /// <summary>Has the server make the plans.</summary>
    public async Task ReadAsync(IProvisioning provisioning, CancellationToken cancellation)
    {
        await foreach (PlanShare share in provisioning.MakePlansAsync(target, cancellation).ConfigureAwait(false))
        {
            WrittenPlan? plan = share.Document is null ? null : WrittenPlan.Read(share.Document);
            foreach (string client in share.Clients)
            {
                if (plan is not null)
                    _plans[client] = plan;
                else
                    _faults[client] = share.Fault ?? new CommandError(nameof(PantryErrorCode.InternalError), "The server did not say why there is no plan.");
            }
        }
    }

    /// <summary>Goes on where one client has a plan at least.</summary>
    /// <exception cref="PantryException">None has; the message is that of the first.</exception>
    public void RequireAny()
    {
        if (_plans.Count > 0)
            return;
        if (_faults.Count == 0)
        {
            throw new PantryException(PantryErrorCode.NoMatchingClient,
                $"No client that the server knows and that you may provision belongs to {target}; nothing was sent. Get-PantryClient lists the clients and their streams.");
        }

        (string client, CommandError why) = _faults.First();
        throw new PantryException(Enum.TryParse(why.Code, out PantryErrorCode code) ? code : PantryErrorCode.Refused,
            $"{(_faults.Count == 1 ? $"'{DisplayText.Clean(client, 80)}' has no plan" : $"None of {_faults.Count:N0} clients has a plan")}, so nothing was sent. {DisplayText.Clean(why.Message, 2000)}")
        { Target = client };
    }

    /// <summary>The plans as users see them, and the reasons why others have none.</summary>
    public IEnumerable<PantryPlan> Shown() => _plans.Select(plan => plan.Value.For(plan.Key))
        .Concat(_faults.Select(fault => new PantryPlan { Client = fault.Key, Error = fault.Value })).OrderBy(plan => plan.Client, Names.Comparer);

    /// <summary>The order, which names every client one by one: those that have plans, those that have none, and names that the server may not know; each gets its row.</summary>
    /// <param name="dryRun">Whether tools are only asked what they would do.</param>
    /// <param name="secrets">The values that the plans need.</param>
    public JobRequest ToRequest(bool dryRun, IReadOnlyDictionary<string, byte[]>? secrets) => new()
    {
        Target = Target.Clients(target.Identities.Concat(_plans.Keys).Concat(_faults.Keys)),
        Command = ProvisionOrders.CommandName,
        Format = BodyFormat.Json,
        Arguments = ProvisionOrders.Write(new ProvisionOrder([.. Documents.Select(plan => plan.Digest).Order(StringComparer.Ordinal)], dryRun)),
        Secrets = Documents.Any(plan => plan.Document.Secrets.Count > 0) ? secrets : null,
        SecretsOf = client => _plans.TryGetValue(client, out WrittenPlan? plan) ? plan.Document.Secrets : [],
    };

    /// <summary>Every secret that a plan names is there, and nothing else was given.</summary>
    /// <param name="given">What was given: each the names that it can stand for in a plan, that of the user first.</param>
    /// <exception cref="PantryException">One is missing, or one was given that no plan names.</exception>
    public void RequireSecrets(IReadOnlyList<string[]> given)
    {
        string[] needed = [.. Documents.SelectMany(plan => plan.Document.Secrets).Distinct(Names.Comparer).Order(Names.Comparer)];
        string[] missing = [.. needed.Where(name => !given.Any(names => names.Contains(name, Names.Comparer)))];
        if (missing.Length > 0)
        {
            string who = Listed([.. _plans.Where(plan => plan.Value.Document.Secrets.Contains(missing[0], Names.Comparer)).Select(plan => plan.Key)]);
            throw new PantryException(PantryErrorCode.InvalidArgument,
                $"The secret{(missing.Length == 1 ? "" : "s")} {Listed(missing)} must be given with -Secret: the plan of {who} needs '{missing[0]}'. Nothing was sent.")
            { Target = missing[0] };
        }

        if (given.FirstOrDefault(names => !names.Any(name => needed.Contains(name, Names.Comparer))) is { } beyond)
        {
            string hint = NearestName.Of(beyond[0], needed) is { } nearest ? $"Did you mean '{nearest}'?" : needed.Length == 0 ? "They need no secrets." : $"They need {Listed(needed)}.";
            throw new PantryException(PantryErrorCode.InvalidArgument, $"No plan of these clients needs a secret '{DisplayText.Clean(beyond[0], 80)}'. {hint} Nothing was sent.") { Target = beyond[0] };
        }
    }

    private static string Listed(string[] names) =>
        $"{string.Join(", ", names.Take(MostNamed).Select(name => $"'{DisplayText.Clean(name, 80)}'"))}{(names.Length > MostNamed ? $" and {names.Length - MostNamed:N0} more" : "")}";
}
