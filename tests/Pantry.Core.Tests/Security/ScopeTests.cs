using CsCheck;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Tests.Targeting;

namespace Pantry.Tests.Security;

public sealed class ScopeTests
{
    [Theory]
    [InlineData("shop.production,shop.test:Shell,Script", "shop.production,shop.test:Shell,Script")]
    [InlineData(" shop , test : Shell , S*", "shop,test:Shell,S*")]
    [InlineData("*:*", "*:*")]
    public void A_scope_survives_the_way_through_text(string text, string expected)
    {
        Assert.Equal(expected, OperatorScope.Parse(text).ToString());
        Assert.Equal(OperatorScope.Parse(text), OperatorScope.Parse(expected.ToUpperInvariant()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("shop")]
    [InlineData("shop:")]
    [InlineData(":Shell")]
    [InlineData("shop,:Shell")]
    [InlineData("shop.*:Shell")]
    [InlineData("sh op:Shell")]
    [InlineData("shop:Shell:more")]
    [InlineData("shop:She ll")]
    [InlineData("shop:[z-a]")]
    public void What_is_no_scope_is_refused_with_an_example(string text)
    {
        PantryException error = Assert.Throws<PantryException>(() => OperatorScope.Parse(text));
        Assert.Equal(PantryErrorCode.InvalidArgument, error.Code);
        Assert.Contains("shop.production,shop.test:Shell,Script", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("shop:Shell", "shell", true)]
    [InlineData("shop:Shell", "Shell2", false)]
    [InlineData("shop:S*", "Script", true)]
    [InlineData("shop:S*", "Ping", false)]
    [InlineData("shop:*", "Anything", true)]
    public void Commands_are_covered_by_name_or_wildcard(string scope, string command, bool covered) =>
        Assert.Equal(covered, OperatorScope.Parse(scope).CoversCommand(command));

    [Theory]
    [InlineData("shop", true)]
    [InlineData("shop.test", true)]
    [InlineData("SHOP.TEST.WEB", true)]
    [InlineData("*", true)]
    [InlineData("other,shop", true)]
    [InlineData("host1", true)]
    [InlineData("sho", false)]
    [InlineData("shop.production", false)]
    [InlineData("shop.web", false)]
    [InlineData("test", false)]
    public void Clients_are_covered_by_the_streams_they_hear(string streams, bool covered)
    {
        var client = ClientLabels.Create("host1", "shop", "test", ["web"]);
        Assert.Equal(covered, Scopes.Covers([OperatorScope.Parse($"{streams}:Shell")], "Shell", client));
        Assert.False(Scopes.Covers([OperatorScope.Parse($"{streams}:Shell")], "Script", client));
    }

    [Fact]
    public void A_command_of_one_scope_is_not_allowed_on_the_streams_of_another()
    {
        OperatorScope[] scopes = [OperatorScope.Parse("shop.test:*"), OperatorScope.Parse("shop.production:Ping")];
        var production = ClientLabels.Create("host1", "shop", "production", null);

        Assert.True(Scopes.Covers(scopes, "Ping", production));
        Assert.False(Scopes.Covers(scopes, "Shell", production));
        Assert.True(Scopes.CoversTarget(scopes, "Ping", Streams("shop.test", "shop.production")));
        Assert.False(Scopes.CoversTarget(scopes, "Shell", Streams("shop.test", "shop.production")));
    }

    [Theory]
    [InlineData("shop", true)]
    [InlineData("shop.test.web", true)]
    [InlineData("shopping", false)]
    [InlineData("sho", false)]
    [InlineData("other", false)]
    public void Streams_are_covered_by_whole_segment(string stream, bool covered) =>
        Assert.Equal(covered, Scopes.CoversTarget([OperatorScope.Parse("shop:*")], "Shell", Streams(stream)));

    [Theory]
    [InlineData("shop", "shop", null, null, true)]
    [InlineData("shop", "shop", "test", "web", true)]
    [InlineData("shop.test", "shop", "test", "web", true)]
    [InlineData("shop.test", "shop", null, null, false)]
    [InlineData("shop.web", "shop", null, "web", false)]
    [InlineData("shop", "shop", null, "web", true)]
    [InlineData("test", null, "test", null, false)]
    [InlineData("web", null, null, "web", false)]
    [InlineData("*", null, "test", null, true)]
    public void Labels_are_covered_where_every_client_with_them_is(string stream, string? application, string? environment, string? role, bool covered) =>
        Assert.Equal(covered, Scopes.CoversTarget([OperatorScope.Parse($"{stream}:*")], "Shell", new TargetStatement { Labels = new LabelTarget(application, environment, role) }));

    [Fact]
    public void Everyone_needs_every_stream_and_nobody_is_never_covered()
    {
        OperatorScope[] all = [OperatorScope.Parse("*:*")];
        Assert.True(Scopes.CoversTarget(all, "Shell", new TargetStatement { Everyone = true }));
        Assert.False(Scopes.CoversTarget([OperatorScope.Parse("shop:*")], "Shell", new TargetStatement { Everyone = true }));
        Assert.False(Scopes.CoversTarget(all, "Shell", new TargetStatement()));
        Assert.False(Scopes.CoversTarget([], "Shell", new TargetStatement { Everyone = true }));
        Assert.False(Scopes.Covers([], "Shell", ClientLabels.Create("host1", null, null, null)));
    }

    [Fact]
    public void A_target_with_a_part_outside_the_scopes_is_not_covered()
    {
        OperatorScope[] shop = [OperatorScope.Parse("shop:*")];
        Assert.False(Scopes.CoversTarget(shop, "Shell", Streams("shop", "other")));
        Assert.False(Scopes.CoversTarget(shop, "Shell", Streams("shop") with { Everyone = true }));
        Assert.False(Scopes.CoversTarget(shop, "Shell", Streams("shop") with { Labels = new LabelTarget("other", null, null) }));
        Assert.True(Scopes.CoversTarget(shop, "Shell", new TargetStatement { Lists = [new byte[32]] }));
    }

    [Fact]
    public void Whoever_matches_covered_labels_is_covered() => Gen.Select(ClientGen.Clients, ClientGen.Target, ClientGen.Target).Sample((clients, target, scopeTarget) =>
    {
        if (target.Labels is null || scopeTarget.Streams.Count == 0)
            return;
        OperatorScope[] scopes = [new OperatorScope(scopeTarget.Streams, ["*"])];
        if (!Scopes.CoversTarget(scopes, "Shell", new TargetStatement { Labels = target.Labels }))
            return;
        Assert.All(clients.Where(client => TargetMatcher.Matches(target, client)), client => Assert.True(Scopes.Covers(scopes, "Shell", client)));
    }, iter: Fuzz.Iterations);

    private static TargetStatement Streams(params string[] streams) => new() { Streams = streams };
}
