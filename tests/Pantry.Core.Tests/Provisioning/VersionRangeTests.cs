using Pantry.Provisioning.Packages;

namespace Pantry.Tests.Provisioning;

public sealed class VersionRangeTests
{
    [Theory]
    [InlineData("*", "0.0.1 1.0.0 99.0.0", "1.0.0-rc.1")]
    [InlineData("", "1.0.0", "")]
    [InlineData("latest", "1.0.0", "")]
    [InlineData("1.4.2", "1.4.2", "1.4.3 1.4.1")]
    [InlineData("1.4", "1.4.0 1.4.9", "1.5.0 1.3.9")]
    [InlineData("1.x", "1.0.0 1.9.0", "2.0.0")]
    [InlineData("^1.2", "1.2.0 1.9.9", "1.1.9 2.0.0 2.0.0-rc.1")]
    [InlineData("~1.2.3", "1.2.3 1.2.9", "1.3.0")]
    [InlineData("~> 1.2", "1.2.0 1.9.0", "1.1.0 2.0.0 2.0.0-alpha")]
    [InlineData("~>1.2.3", "1.2.3 1.2.9", "1.3.0 1.2.2")]
    [InlineData("~> 1", "1.0.0 1.9.0", "2.0.0")]
    [InlineData(">= 1.0.0 < 2.0.0", "1.0.0 1.9.9", "2.0.0 0.9.0")]
    [InlineData(">=1.0.0, <2.0.0", "1.0.0", "2.0.0")]
    [InlineData(">= 1.0, ~> 1.4", "1.4.0", "1.3.0 2.0.0")]
    [InlineData("1.2.3 - 2.0.0", "1.2.3 2.0.0", "2.0.1")]
    [InlineData("1.0.0 || 3.0.0", "1.0.0 3.0.0", "2.0.0")]
    [InlineData("2.0.0-rc.1", "2.0.0-rc.1", "2.0.0-rc.2 2.0.0")]
    [InlineData(">=2.0.0-rc.1", "2.0.0-rc.2 2.0.0", "2.0.0-beta 3.0.0-rc.1")]
    public void A_range_takes_what_it_says(string range, string takes, string leaves)
    {
        var parsed = VersionRange.Parse(range);
        Assert.All(Split(takes), version => Assert.True(parsed.Contains(PackageVersions.Require(version, "x")), $"{range} takes {version}"));
        Assert.All(Split(leaves), version => Assert.False(parsed.Contains(PackageVersions.Require(version, "x")), $"{range} leaves {version}"));
    }

    [Theory]
    [InlineData("= 1.2", "1.2.0", "1.2.1")]
    [InlineData("1.2", "1.2.0", "1.2.1")]
    [InlineData("> 1.2", "1.2.1", "1.2.0")]
    [InlineData("<= 1.2", "1.2.0", "1.2.1")]
    [InlineData("~> 1.2", "1.9.0", "2.0.0")]
    public void In_Chefs_files_a_version_of_two_numbers_is_that_version_alone(string range, string takes, string leaves)
    {
        var parsed = VersionRange.Parse(range, RangeDialect.Chef);
        Assert.True(parsed.Contains(PackageVersions.Require(takes, "x")));
        Assert.False(parsed.Contains(PackageVersions.Require(leaves, "x")));
        // What is stored is read by the rules of all others again, and means the same.
        Assert.True(VersionRange.Parse(parsed.Text).Contains(PackageVersions.Require(takes, "x")));
        Assert.False(VersionRange.Parse(parsed.Text).Contains(PackageVersions.Require(leaves, "x")));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("!= 1.0")]
    [InlineData("1.0,,2.0")]
    [InlineData("~> x")]
    [InlineData("~> 1.2.3.4")]
    [InlineData("~> 99999999999")]
    [InlineData(">= ")]
    public void What_is_no_range_is_refused_with_examples(string range)
    {
        var error = Assert.Throws<PantryException>(() => VersionRange.Parse(range));
        Assert.Equal(PantryErrorCode.InvalidArgument, error.Code);
        Assert.Contains("^1.4", error.Message, StringComparison.Ordinal);
        Assert.Null(VersionRange.TryParse(new string('1', 10_000)));
    }

    [Theory]
    [InlineData("1.2.3", "1.2.3")]
    [InlineData("1.2", "1.2.0")]
    [InlineData("1.0.0-rc.1", "1.0.0-rc.1")]
    [InlineData("v1.0.0", null)]
    [InlineData("1.0.0+build", null)]
    [InlineData("1", null)]
    [InlineData("1.2.3.4", null)]
    [InlineData("01.0.0", null)]
    [InlineData("", null)]
    public void A_version_is_read_or_refused(string text, string? version) => Assert.Equal(version, PackageVersions.TryParse(text)?.ToString());

    private static string[] Split(string versions) => versions.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
