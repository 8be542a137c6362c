using Pantry.Targeting;

namespace Pantry.Tests.Targeting;

public sealed class NearestNameTests
{
    [Theory]
    [InlineData("ngnix", "nginx")]
    [InlineData("bas", "base")]
    [InlineData("prot", "port")]
    [InlineData("NGINX", "nginx")]
    [InlineData("nosuch", null)]
    [InlineData("base*", null)]
    [InlineData("b?se", null)]
    [InlineData("b", null)]
    [InlineData("bb", null)]
    [InlineData("", null)]
    public void Only_a_name_that_is_near_is_what_was_meant_and_none_for_a_pattern(string written, string? meant) =>
        Assert.Equal(meant, NearestName.Of(written, ["nginx", "base", "port", "vv", "x"]));
}
