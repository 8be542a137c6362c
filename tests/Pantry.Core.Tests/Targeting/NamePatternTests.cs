using System.Text.RegularExpressions;
using CsCheck;
using Pantry.Targeting;
using Pantry.Tests.Security;

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

    [Theory]
    [InlineData("S[a-z]**Shell,S[a-z]*[")]
    [InlineData("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b")]
    [InlineData("?????????????????????????????????*?????????????????????????????????*x")]
    public void A_pattern_costs_little_memory_however_it_is_written(string pattern)
    {
        bool matched = false;
        Fuzz.Measured(() =>
        {
            for (int round = 0; round < 8; round++)
                matched |= new NamePattern(pattern).Matches(new string('a', 250));
        });
        Assert.False(matched);
    }

    [Fact]
    public void A_pattern_means_what_its_regular_expression_means() => Gen.Select(Texts("ab-z.*?[]^"), Texts("abZ-.[]^*?")).Sample((pattern, name) =>
    {
        if (Expression(pattern) is not { } expression)
            Assert.Throws<PantryException>(() => new NamePattern(pattern));
        else
            Assert.Equal(expression.IsMatch(name), new NamePattern(pattern).Matches(name));
    }, iter: Fuzz.Costly);

    private static Gen<string> Texts(string characters) => Gen.Int[0, characters.Length - 1].Select(i => characters[i]).Array[0, 9].Select(text => new string(text));

    private static Regex? Expression(string pattern)
    {
        string escaped = Regex.Replace(pattern, @"\[([^\]]+)\]|.", part => part.Groups[1].Success
            ? $"[{part.Groups[1].Value.Replace("[", "\\[", StringComparison.Ordinal).Replace("^", "\\^", StringComparison.Ordinal)}]"
            : part.Value switch { "*" => ".*", "?" => ".", _ => Regex.Escape(part.Value) });
        try
        {
            return new Regex($"^{escaped}$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
