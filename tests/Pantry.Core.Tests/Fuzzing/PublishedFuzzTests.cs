using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Transport;

namespace Pantry.Tests.Fuzzing;

/// <summary>What is published on a topic that this side hears, from whoever could publish there.</summary>
[Collection(nameof(FuzzRun))]
public sealed class PublishedFuzzTests
{
    [Fact]
    public void Only_what_was_sealed_under_a_topics_key_opens()
    {
        using var key = new StreamKey(3);
        using var opener = new StreamOpener(new WireLimits(), new PantryOptions().StreamKeyGrace, TimeProvider.System);
        opener.Replace([key.Grant]);
        byte[][] good = [.. Enumerable.Range(0, 8).Select(size => key.Seal([new byte[16], new byte[size * 50]]))];
        var sealedFrames = good.Select(Convert.ToHexString).ToHashSet();
        FuzzRun.Run(
            (damaged, random) =>
            {
                TopicId topic = random.Next(20) == 0 ? TopicId.NewRandom() : key.Id;
                bool opened = opener.Open(topic, damaged) is not null;
                if (opened)
                    Assert.Contains(Convert.ToHexString(damaged), sealedFrames);
                return opened | topic != key.Id;
            },
            good);
    }

    [Fact]
    public void Frames_behind_a_seal_add_up_or_are_refused()
    {
        var limits = new WireLimits();
        FuzzRun.Run(
            (damaged, _) =>
            {
                byte[][]? frames = Fragments.Split(damaged, limits);
                Assert.True(frames is null || Fragments.Join(frames).AsSpan().SequenceEqual(damaged));
                return frames is not null;
            },
            Fragments.Join([new byte[16], new byte[200], []]), Fragments.Join([[1]]), []);
    }

    [Fact]
    public void Grants_of_any_kind_neither_break_the_opener_nor_pile_up()
    {
        using var opener = new StreamOpener(new WireLimits(), TimeSpan.Zero, TimeProvider.System);
        FuzzRun.Run(
            (damaged, _) =>
            {
                // As a client takes them: a grant of the wrong size is not given to the opener at all.
                if (damaged.Length != TopicId.Length + StreamKey.KeyLength)
                    return false;
                opener.Replace([new TopicGrant(damaged[..TopicId.Length], 1, damaged[TopicId.Length..])]);
                return opener.Open(TopicId.FromBytes(damaged), damaged) is null;
            },
            new byte[TopicId.Length + StreamKey.KeyLength]);
    }
}
