using Pantry.Targeting;

namespace Pantry.Tests.Targeting;

public sealed class TargetMatcherTests
{
    private static readonly ClientLabels Host = ClientLabels.Create("app.host", "pantry", "test", ["web", "db"]);
    private static readonly ClientLabels Bare = ClientLabels.Create("bare", null, null, null);

    [Fact]
    public void A_client_hears_its_application_environment_and_roles() =>
        Assert.Equal(["pantry", "pantry.test", "pantry.test.web", "pantry.test.db"], Host.StreamPaths());

    [Fact]
    public void Levels_that_are_not_set_are_skipped() =>
        Assert.Equal(["test", "test.web"], ClientLabels.Create("x", null, "test", ["web"]).StreamPaths());

    [Theory]
    [InlineData("pantry", true)]
    [InlineData("PANTRY.Test", true)]
    [InlineData("pantry.test.db", true)]
    [InlineData("app.host", true)]
    [InlineData("pan", false)]
    [InlineData("pantry.tes", false)]
    [InlineData("pantry.app", false)]
    [InlineData("app", false)]
    [InlineData("pantry.test.web.x", false)]
    public void A_stream_matches_by_whole_segment(string stream, bool matches) =>
        Assert.Equal(matches, TargetMatcher.Matches(Target.OfStreams(stream), Host));

    [Theory]
    [InlineData("pantry", true)]
    [InlineData("anything.at.all", true)]
    public void A_client_with_nothing_set_hears_every_stream(string stream, bool matches)
    {
        Assert.Equal(matches, TargetMatcher.Matches(Target.OfStreams(stream), Bare));
        Assert.Equal(["*"], Bare.ShownStreams());
    }

    [Fact]
    public void A_client_with_nothing_set_does_not_take_what_is_addressed_to_another_identity() =>
        Assert.False(TargetMatcher.Matches(Target.Clients(["app.host"]), Bare));

    [Fact]
    public void Labels_that_are_given_must_all_hold()
    {
        Assert.True(TargetMatcher.Matches(Target.OfLabels(null, null, "web"), Host));
        Assert.True(TargetMatcher.Matches(Target.OfLabels("pantry", "test", "db"), Host));
        Assert.False(TargetMatcher.Matches(Target.OfLabels("pantry", "prod", null), Host));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a..b")]
    [InlineData("a.b.")]
    [InlineData("a b")]
    [InlineData("../etc")]
    [InlineData("a/b")]
    [InlineData("-x")]
    [InlineData("a*")]
    [InlineData("a\u0000b")]
    [InlineData("häuser")]
    public void A_name_with_other_characters_is_refused_with_the_rule(string name)
    {
        var error = Assert.Throws<PantryException>(() => Names.RequireIdentity(name));
        Assert.Equal(PantryErrorCode.InvalidName, error.Code);
        Assert.Contains("letters, digits", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("web*", "web01", true)]
    [InlineData("web?", "web01", false)]
    [InlineData("w[a-f]b01", "WEB01", true)]
    [InlineData("web.01", "webx01", false)]
    public void Patterns_are_PowerShells(string pattern, string name, bool matches) =>
        Assert.Equal(matches, new NamePattern(pattern).Matches(name));
}
