using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Operators;

/// <summary>Turns what an operator wants into an order that bears the operator's signature.</summary>
internal sealed class OrderSigner(string name, SigningKey key, string network, PantryOptions options, TimeProvider time)
{
    // An order that anybody signed is refused by clients after OrderStatement.MaxValidity; this leaves room for what is added to it.
    private static readonly TimeSpan MaxTime = TimeSpan.FromDays(6);

    public string Name => name;

    /// <param name="request">What is wanted.</param>
    /// <param name="keyOf">The keys of the targets, for secrets.</param>
    public SignedJob Sign(JobRequest request, Func<string, PublicKey>? keyOf = null)
    {
        if (options.BatchSize > 0 && request.Plan.BatchSize is null)
            request = request with { Plan = request.Plan with { BatchSize = new Share(options.BatchSize) } };
        Target target = request.Target with { Identities = [.. request.Target.Identities.Distinct(Names.Comparer)] };
        TimeSpan run = Within(request.Timeout, options.RunTimeout, "may run");
        TimeSpan delivery = Within(request.DeliveryTimeout, options.DeliveryTimeout, "may take to be delivered");
        // Sorts by time and is unique without asking anyone.
        string job = Guid.CreateVersion7().ToString("N");

        var groups = SecretGroups.Of(request, target.Identities);
        using SealedSecrets? secrets = groups is null ? null : SealedSecrets.Seal(job, groups.Values);
        byte[][] lists = target.Identities.Count == 0 ? []
            : TargetTags.Lists(job, target.Identities, secrets is null ? null : identity => secrets.WrapFor(keyOf!(identity), groups!.Of(identity)));
        DateTimeOffset issued = time.GetUtcNow();
        var statement = new OrderStatement(
            OrderStatement.CurrentVersion, network, job, name, issued,
            issued + Validity(request, delivery),
            TargetTags.AddTo(
                new TargetStatement { Everyone = target.Everyone, Streams = target.Streams, Labels = target.Labels }, lists, withKeys: secrets is not null),
            request.Command, request.Format, OrderStatement.Digest(request.Arguments), secrets is null ? null : OrderStatement.Digest(secrets.Body), run.TotalSeconds, request.RunAs);
        return new SignedJob
        {
            Order = SignedOrder.Sign(statement, key),
            Target = target,
            Arguments = request.Arguments,
            Secrets = secrets?.Body ?? [],
            Entries = [.. lists.SelectMany(list => list)],
            DeliveryTimeout = delivery,
            Plan = request.Plan,
        };
    }

    // Who has to wait for a turn, or for a client to come, needs more than the way there takes.
    private TimeSpan Validity(JobRequest request, TimeSpan delivery) => Within(
        request.ValidFor,
        request.Plan is { BatchSize: null, Canary: null, Queue: false } ? delivery + options.ResultGrace : delivery + options.ResultGrace + options.WaitingValidity,
        "is to be valid");

    private static TimeSpan Within(TimeSpan asked, TimeSpan otherwise, string what) =>
        asked <= TimeSpan.Zero ? otherwise
        : asked <= MaxTime ? asked
        : throw new PantryException(PantryErrorCode.InvalidArgument, $"The order {what} for {asked.TotalDays:0.#} days; {MaxTime.TotalDays:0} days is the most. Give it less time.");
}
