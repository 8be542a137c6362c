using CsCheck;
using Pantry.Targeting;

namespace Pantry.Tests.Targeting;

/// <summary>Random clients and targets from few names, so that they often meet.</summary>
internal static class ClientGen
{
    private static readonly Gen<string> Segment = Gen.Int[0, 7].Select(i => ((string[])["app", "apple", "Shop", "shop", "test", "web", "db", "prod"])[i]);
    private static readonly Gen<string?> MaybeSegment = Gen.Select(Gen.Int[0, 2], Segment, (unset, name) => unset == 0 ? null : name);

    public static Gen<ClientLabels> Client { get; } =
        Gen.Select(Gen.Int[0, 30], Gen.Bool, MaybeSegment, MaybeSegment, Segment.Array[0, 3], (number, dotted, application, environment, roles) =>
            ClientLabels.Create(dotted ? $"{application ?? "host"}.h{number}" : $"h{number}", application, environment, roles));

    /// <summary>A fleet: identities are unique.</summary>
    public static Gen<List<ClientLabels>> Clients { get; } =
        Client.List[0, 20].Select(clients => clients.DistinctBy(client => client.Identity.ToLowerInvariant()).ToList());

    public static Gen<Target> Target { get; } = Gen.OneOf(
        Gen.Bool.Select(_ => Pantry.Targeting.Target.All),
        Gen.Int[0, 30].Array[1, 12].Select(numbers => Pantry.Targeting.Target.Clients(numbers.Select(number => $"h{number}"))),
        Stream.Array[1, 3].Select(streams => Pantry.Targeting.Target.OfStreams(streams)),
        Gen.Select(MaybeSegment, MaybeSegment, MaybeSegment, Pantry.Targeting.Target.OfLabels)
            .Where(target => target.Labels is not (null, null, null)));

    private static Gen<string> Stream => Gen.OneOf(
        Segment,
        Gen.Select(Segment, Segment, (first, second) => $"{first}.{second}"),
        Gen.Select(Segment, Segment, Segment, (first, second, third) => $"{first}.{second}.{third}"),
        Gen.Int[0, 30].Select(number => $"h{number}"));
}
