using Pantry.Targeting;

namespace Pantry.Tests.Targeting;

public sealed class NamePatternTests
{
    [Theory]
    [InlineData("*", "anything", true)]
    [InlineData("*", "", true)]
    [InlineData("*", null, false)]
    [InlineData("web*", "WEB7", true)]
    [InlineData("web[0-9]", "web7", true)]
    [InlineData("web[0-9]", "webx", false)]
    [InlineData("web", "Web", true)]
    [InlineData("web", "web7", false)]
    public void A_pattern_matches_as_in_PowerShell(string pattern, string? name, bool matches) => Assert.Equal(matches, new NamePattern(pattern).Matches(name));

    [Fact]
    public void A_star_is_no_literal() => Assert.Equal((false, true), (new NamePattern("*").IsLiteral, new NamePattern("web").IsLiteral));

    [Fact]
    public void A_pattern_longer_than_any_name_is_refused_with_a_reason() =>
        Assert.Equal(PantryErrorCode.InvalidArgument, Assert.Throws<PantryException>(() => new NamePattern(new string('?', 50_000))).Code);
}
