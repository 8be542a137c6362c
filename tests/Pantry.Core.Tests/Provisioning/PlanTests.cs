using CsCheck;
using Pantry.Provisioning.Applications;
using Pantry.Provisioning.Packages;
using Pantry.Provisioning.Resolution;
using Pantry.Targeting;

namespace Pantry.Tests.Provisioning;

/// <summary>A document, labels and packages make a plan: which versions, in which order, or which conflict.</summary>
public sealed class PlanTests
{
    private static readonly PackageCatalog Catalog = Packages(
        "base 1.0.0", "base 1.1.0", "base 2.0.0",
        "nginx 1.2.0 base=^1.0", "nginx 1.4.2 base=^1.0 tls=*", "nginx 2.0.0 base=^2.0",
        "tls 0.9.0", "tls 1.0.0-rc.1",
        "php 8.0.0 base=^2.0", "lonely 1.0.0 missing=^1.0");

    [Fact]
    public void The_newest_versions_that_all_can_live_with_are_chosen_and_dependencies_come_first()
    {
        Assert.Equal("tls 0.9.0, base 1.1.0, nginx 1.4.2".Split(", ").Order(), Versions("packages: { nginx: ^1.0 }").Order());
        Assert.Equal(["base 1.1.0", "tls 0.9.0", "nginx 1.4.2"], Versions("packages: { nginx: ^1.0 }"));
        Assert.Equal(["base 2.0.0", "nginx 2.0.0", "php 8.0.0"], Versions("packages: { nginx: '*', php: '*' }"));
        // An older nginx would go with base 1, but php would not: the newest base is given up only where something else needs it.
        Assert.Equal(["base 1.1.0", "nginx 1.2.0"], Versions("packages: { base: ^1.0, nginx: 1.2.0 }"));
    }

    [Fact]
    public void An_older_version_is_taken_where_the_newest_needs_what_nobody_else_can_have()
    {
        Assert.Equal(["base 1.1.0", "tls 0.9.0", "nginx 1.4.2"], Versions("packages: { base: ^1.0, nginx: '*' }"));
        Assert.Equal(["base 1.1.0", "tls 0.9.0", "nginx 1.4.2"], Versions("packages: { nginx: '*', base: ^1.0 }").OrderBy(version => version.StartsWith("nginx", StringComparison.Ordinal) ? 2 : version.StartsWith("tls", StringComparison.Ordinal) ? 1 : 0));
    }

    [Fact]
    public void A_package_can_be_pinned_for_one_environment_and_move_for_the_others()
    {
        const string text = "packages: { nginx: '*' }\nenvironments: { live: { packages: { nginx: 1.2.0 } } }";
        Assert.Equal(["base 2.0.0", "nginx 2.0.0"], Versions(text, "test"));
        Assert.Equal(["base 1.1.0", "nginx 1.2.0"], Versions(text, "live"));
    }

    [Theory]
    [InlineData("packages: { nginx: ^1.0, php: '*' }", PantryErrorCode.PackageConflict, "'base'", "php 8.0.0 needs ^2.0", "There are 2.0.0, 1.1.0, 1.0.0")]
    [InlineData("packages: { nginx: ^3.0 }", PantryErrorCode.PackageConflict, "No version of the package 'nginx' will do: application 'shop' needs ^3.0.", "There are 2.0.0, 1.4.2, 1.2.0")]
    [InlineData("packages: { ngnix: '*' }", PantryErrorCode.NoMatchingPackage, "There is no package 'ngnix', which application 'shop' needs. Did you mean 'nginx'?")]
    [InlineData("packages: { lonely: '*' }", PantryErrorCode.NoMatchingPackage, "There is no package 'missing', which lonely 1.0.0 needs.")]
    [InlineData("environments: { live: { packages: { nginx: ^9 } } }", PantryErrorCode.PackageConflict, "environment 'live' of application 'shop' needs ^9")]
    public void A_conflict_is_named_with_all_who_have_a_part_in_it(string text, PantryErrorCode code, params string[] said)
    {
        var error = Assert.Throws<PantryException>(() => Plan(text, "live"));
        Assert.Equal(code, error.Code);
        Assert.All(said, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_ring_of_dependencies_is_named()
    {
        PackageCatalog ring = Packages("a 1.0.0 b=*", "b 1.0.0 c=*", "c 1.0.0 a=*");
        var error = Assert.Throws<PantryException>(() => Plan("packages: { a: '*' }", catalog: ring));
        Assert.Contains("a needs b needs c needs a", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_are_the_documents_own_or_what_it_names_in_order()
    {
        Assert.Equal(["nginx 1.4.2 by chef"], Steps("packages: { nginx: ^1.0 }"));
        Assert.Equal(["nginx 1.2.0 by chef", "base 1.1.0 by script run.sh"], Steps("packages: { base: ^1, nginx: 1.2.0, tls: '*' }\nsteps: [nginx, { package: base, provisioner: script, entry: run.sh }]"));
        // A step whose package only other clients have.
        Assert.Equal(["base 2.0.0 by chef"], Steps("packages: { base: '*' }\nroles: { web: { packages: { nginx: '*' } } }\nsteps: [nginx, base]"));
    }

    [Fact]
    public void Secrets_are_named_wherever_they_are()
    {
        ResolvedPlan plan = Plan("packages: { base: '*' }\nparameters: { a: [ { b: !secret one } ], c: !secret two, d: !secret ONE }");
        Assert.Equal(["one", "two"], plan.Secrets);
    }

    [Fact]
    public void A_hopeless_search_ends_in_time_with_an_error()
    {
        // Every version of each package forbids every one of the last: all combinations would have to be tried.
        string[] packages =
        [
            .. Enumerable.Range(0, 12).SelectMany(name => Enumerable.Range(1, 12).Select(version => $"p{name} {version}.0.0 last={(version % 2 == 0 ? "^1" : "^2")}")),
            "last 3.0.0",
        ];
        string names = string.Join(", ", Enumerable.Range(0, 12).Select(name => $"p{name}: '*'"));
        Assert.Equal(PantryErrorCode.PackageConflict, Assert.Throws<PantryException>(() => Plan($"packages: {{ {names} }}", catalog: Packages(packages))).Code);
        string[] chain = [.. Enumerable.Range(0, 5000).Select(number => $"c{number} 1.0.0 c{number + 1}=*")];
        Assert.Equal(PantryErrorCode.LimitReached, Assert.Throws<PantryException>(() => Plan("packages: { c0: '*' }", catalog: Packages(chain))).Code);
    }

    [Fact]
    public void Whatever_is_chosen_meets_every_need_and_comes_in_order()
    {
        Gen<string> need = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 4].Select(index => ((string[])["*", "^1", "^2", "1.0.0", ">=2"])[index])).Select((name, range) => $"p{name}={range}");
        Gen<string[]> packages = Gen.Select(Gen.Int[0, 5], Gen.Int[1, 3], need.Array[0, 2])
            .Select((name, version, needs) => $"p{name} {version}.0.0 {string.Join(' ', needs.DistinctBy(one => one.Split('=')[0]).Where(one => !one.StartsWith($"p{name}=", StringComparison.Ordinal)))}".Trim())
            .Array[1, 15].Select(all => all.DistinctBy(one => string.Join(' ', one.Split(' ').Take(2))).ToArray());
        packages.Sample(all =>
        {
            ResolvedPlan plan;
            try
            {
                plan = Plan("packages: { p0: '*', p1: '*' }", catalog: Packages(all));
            }
            catch (PantryException refused)
            {
                return refused.Code is PantryErrorCode.PackageConflict or PantryErrorCode.NoMatchingPackage;
            }

            var before = new Dictionary<string, PackageEdition>(Names.Comparer);
            foreach (PackageEdition edition in plan.Packages)
            {
                Assert.All(edition.Declaration.Dependencies, needed => Assert.True(needed.Range.Contains(before[needed.Name].Declaration.Version)));
                Assert.True(before.TryAdd(edition.Declaration.Name, edition));
            }

            return before.ContainsKey("p0") && before.ContainsKey("p1");
        });
    }

    /// <summary>Packages as <c>name version need=range ...</c>.</summary>
    internal static PackageCatalog Packages(params string[] packages) => new(packages.Select(package =>
    {
        string[] words = package.Split(' ');
        return new PackageEdition(
            PackageDeclaration.Create(words[0], words[1], "chef", null, [.. words.Skip(2).Select(word => new PackageDependency(word[..word.IndexOf('=', StringComparison.Ordinal)], word[(word.IndexOf('=', StringComparison.Ordinal) + 1)..]))]),
            new string('0', 64));
    }));

    private static ResolvedPlan Plan(string text, string? environment = "live", PackageCatalog? catalog = null) =>
        PlanMaker.Make(ApplicationDocument.Parse("shop", text), 1, ClientLabels.Create("web1", "shop", environment, []), catalog ?? Catalog);

    private static string[] Versions(string text, string? environment = "live") => [.. Plan(text, environment).Packages.Select(edition => edition.ToString())];

    private static string[] Steps(string text) => [.. Plan(text).Steps.Select(step => $"{step.Package} by {step.Provisioner} {step.Entry}".TrimEnd())];
}
