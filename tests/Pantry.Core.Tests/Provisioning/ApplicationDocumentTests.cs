using Pantry.Provisioning.Applications;
using Pantry.Targeting;

namespace Pantry.Tests.Provisioning;

public sealed class ApplicationDocumentTests
{
    private const string Shop = """
        description: The web shop
        packages:
          base: ^1.0
          nginx: ~> 1.2
        parameters:
          ntp: { servers: [a, b], drift: 5 }
          password: !secret shop-db
        steps: [base, nginx]
        environments:
          live:
            packages: { nginx: 1.4.2 }
            parameters: { ntp: { drift: 1 } }
            roles:
              web: { parameters: { workers: 8 } }
          test:
        roles:
          web:
            packages: { php: "*" }
            parameters: { workers: 2, ntp: { servers: [c] } }
            steps:
              - base
              - package: nginx
                provisioner: script
                entry: run.sh --quick
        identities:
          shop.web1: { parameters: { workers: 16 } }
        """;

    [Fact]
    public void What_is_more_specific_counts_maps_become_one_and_lists_replace()
    {
        var document = ApplicationDocument.Parse("shop", Shop);

        Assert.Equal("""{"ntp":{"servers":["a","b"],"drift":5},"password":{"$secret":"shop-db"}}""", Parameters(document, "db1", "test", "db"));
        Assert.Equal("""{"ntp":{"servers":["a","b"],"drift":1},"password":{"$secret":"shop-db"}}""", Parameters(document, "db1", "live", "db"));
        // Role over environment, a role of the environment over both, the identity over all.
        Assert.Equal("""{"ntp":{"servers":["c"],"drift":1},"password":{"$secret":"shop-db"},"workers":8}""", Parameters(document, "shop.web2", "LIVE", "Web"));
        Assert.Equal("""{"ntp":{"servers":["c"],"drift":5},"password":{"$secret":"shop-db"},"workers":2}""", Parameters(document, "shop.web2", "test", "web"));
        Assert.Equal("""{"ntp":{"servers":["c"],"drift":1},"password":{"$secret":"shop-db"},"workers":16}""", Parameters(document, "shop.web1", "live", "web"));
        Assert.Equal(["base", "nginx", "php"], document.PackageNames);
        Assert.Equal("The web shop", document.Description);
    }

    [Fact]
    public void Words_are_read_as_YAML_1_2_has_them_and_a_mode_keeps_its_zero()
    {
        var document = ApplicationDocument.Parse("shop", """
            parameters: { a: no, b: true, c: ~, d: "5", e: 5, f: 1.5, g: 0644, h: 1.4.2, i: -3, j: .inf, k: 1e3, l: !!str 7, m: 99999999999999999999, n: [], o: {} }
            """);
        Assert.Equal(
            """{"a":"no","b":true,"c":null,"d":"5","e":5,"f":1.5,"g":"0644","h":"1.4.2","i":-3,"j":".inf","k":1000,"l":"7","m":1E+20,"n":[],"o":{}}""",
            ParameterJson.ToText(document.Layers[0].Parameters));
    }

    [Fact]
    public void Parameters_come_through_JSON_as_they_were()
    {
        ParameterMap parameters = ApplicationDocument.Parse("shop", Shop).Layers[0].Parameters;
        Assert.Equal(parameters, ParameterJson.Read(ParameterJson.ToBytes(parameters)));
    }

    [Theory]
    [InlineData("packges: {}", "shop.yaml:1:1: there is no key 'packges'. Did you mean 'packages'?")]
    [InlineData("environments:\n  live:\n    parameter: {}", "shop.yaml:3:5: there is no key 'parameter' in 'environments.live'. Did you mean 'parameters'?")]
    [InlineData("environments:\n  live:\n    roles:\n      web: { stesp: [] }", "shop.yaml:4:14: there is no key 'stesp' in 'environments.live.roles.web'. Did you mean 'steps'?")]
    [InlineData("packages:\n  nginx: banana", "shop.yaml:2:10: the versions of 'nginx' are no range")]
    [InlineData("packages:\n  nginx: [1]", "shop.yaml:2:10: the versions of 'nginx' are no range")]
    [InlineData("packages:\n  nginx: 1.0.0\n  NGINX: 2.0.0", "shop.yaml:3:3: 'NGINX' is there twice")]
    [InlineData("packages:\n  nginx: 1.0.0\n  nginx: 2.0.0", "shop.yaml:3:3")]
    [InlineData("packages:\n  a/b: 1.0.0", "shop.yaml:2:3: 'a/b' is no name of a package")]
    [InlineData("packages: { nginx: '*' }\nsteps: [ngnix]", "shop.yaml:2:9: no 'packages' of this document has 'ngnix'. Did you mean 'nginx'?")]
    [InlineData("packages: { nginx: '*' }\nsteps: [{ provisioner: chef }]", "shop.yaml:2:9: a step of 'steps' says no package")]
    [InlineData("packages: { nginx: '*' }\nsteps: [{ package: nginx, entri: 1 }]", "shop.yaml:2:27: there is no key 'entri' in 'steps'. Did you mean 'entry'?")]
    [InlineData("steps: nginx", "'steps' must be a list")]
    [InlineData("parameters: [a]", "shop.yaml:1:13: 'parameters' must hold keys and values")]
    [InlineData("parameters:\n  a: !secret", "shop.yaml:2:6: !secret must stand before the name of a secret")]
    [InlineData("parameters:\n  a: !secret [x]", "!secret must stand before")]
    [InlineData("parameters:\n  a: !ruby/object:Gem x", "shop.yaml:2:6: the tag '!ruby/object:Gem' is not known here")]
    [InlineData("parameters:\n  $secret: x", "shop.yaml:2:3: '$secret' is no name of a parameter")]
    [InlineData("parameters:\n  a: &x 1\n  b: *x", "aliases are not allowed")]
    [InlineData("roles: { 'a.b': {} }", "'a.b' is no name of a role")]
    [InlineData("environments: { live: {}, LIVE: {} }", "'LIVE' is there twice")]
    [InlineData("identities: { 'a b': {} }", "'a b' is no name of an identity")]
    [InlineData("packages: { aux: '*' }", "shop.yaml:1:13: 'aux' is the name of a device on Windows, and no client there can have a directory of that name. Give the package another one, such as 'my-aux'")]
    [InlineData("name: other", "shop.yaml:1:7: 'name' is 'other', and the application is 'shop'")]
    [InlineData("a: 1\n---\nb: 2", "a second one begins")]
    [InlineData("- a", "must hold keys and values")]
    [InlineData("packages: {", "shop.yaml:2:1")]
    public void An_error_names_line_and_column_and_what_was_likely_meant(string text, string message)
    {
        var error = Assert.Throws<PantryException>(() => ApplicationDocument.Parse("shop", text));
        Assert.Equal(PantryErrorCode.InvalidConfiguration, error.Code);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_nested_too_deeply_or_too_large_is_refused_before_it_can_do_harm()
    {
        string deep = "parameters: { a: " + new string('[', 100_000) + new string(']', 100_000) + " }";
        Assert.Contains("nested deeper", Assert.Throws<PantryException>(() => ApplicationDocument.Parse("shop", deep)).Message, StringComparison.Ordinal);
        string nested = "parameters: { a: " + new string('[', 30) + new string(']', 30) + " }";
        Assert.Contains("nested deeper than 24", Assert.Throws<PantryException>(() => ApplicationDocument.Parse("shop", nested)).Message, StringComparison.Ordinal);
        string many = "roles:\n" + string.Concat(Enumerable.Range(0, 200).Select(number => $"  r{number}:\n"));
        Assert.Contains("shop.yaml:130:3: 'roles' has more than 128 entries", Assert.Throws<PantryException>(() => ApplicationDocument.Parse("shop", many)).Message, StringComparison.Ordinal);
        Assert.Equal(PantryErrorCode.LimitReached, Assert.Throws<PantryException>(() => ApplicationDocument.Parse("shop", "description: " + new string('x', 300_000))).Code);
    }

    private static string Parameters(ApplicationDocument document, string identity, string? environment, params string[] roles) => ParameterJson.ToText(
        document.LayersFor(ClientLabels.Create(identity, "shop", environment, roles)).Aggregate(ParameterMap.Empty, (merged, layer) => merged.With(layer.Parameters)));
}
